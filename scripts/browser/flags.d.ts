export const REAL: string[];
export const SOFTWARE: string[];
export function mayHaveGpu(): boolean;
