export function promptText(tokens: number, turn: number): string;
