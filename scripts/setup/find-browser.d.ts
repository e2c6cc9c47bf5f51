export function findBrowser(): string | undefined;
export function findSwiftShader(browser?: string): string | undefined;
