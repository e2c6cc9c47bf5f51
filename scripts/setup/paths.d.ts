export const ROOT: string;
export const CACHE: string;
export const MODELS: string;
export const PROFILE: string;
