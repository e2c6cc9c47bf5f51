export const DIST: string;
export const PACKAGE: string;
