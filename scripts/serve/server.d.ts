import type { Served } from './model-files.ts';
export const PORT: number;
export function serve(port?: number): Promise<{ url: string; reused: boolean; close(): Promise<void> }>;
export function identity(url: string): Promise<Served | undefined>;
