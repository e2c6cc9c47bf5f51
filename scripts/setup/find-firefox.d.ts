export function findFirefox(): string | undefined;
export function findLavapipe(): string | undefined;
