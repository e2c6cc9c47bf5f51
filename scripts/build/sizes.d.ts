export const BUDGETS: Record<string, number>;
export function gzipSize(folder: string, file: string): Promise<number>;
