// Bytes of a model file -> metadata and a tensor directory.
export * from './metadata.ts';
export * from './model-file.ts';
export * from './sniff-format.ts';
export { openGguf } from './gguf/open-gguf.ts';
export { openModelFile } from './open-model-file.ts';
export { openSafetensors } from './safetensors/open-safetensors.ts';
