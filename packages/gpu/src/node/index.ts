export { dawnVersion, openDawn } from './dawn.ts';
export { findSwiftShader } from './swiftshader.ts';
