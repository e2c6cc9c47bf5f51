// What measures speed: a chat needs none of it, so this module is loaded when it is asked for.
export { benchDecode, benchPrefill } from './bench.ts';
export { profileStep } from './profile.ts';
export { measureRoofline, withLeast, withLine } from './roofline.ts';
