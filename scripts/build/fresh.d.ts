export function isStale(part: string): boolean;
export function buildIfStale(part: string): Promise<void>;
export function buildPart(part: string): Promise<void>;
