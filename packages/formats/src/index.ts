// Bytes of a model file -> metadata and a tensor directory.
export type { AdapterFile, LowRank } from './adapter/adapter-file.ts';
export { openAdapter } from './adapter/open-adapter.ts';
export { ColumnReader, type HeldColumns, type StoredMatrix } from './column-reader.ts';
export * from './metadata.ts';
export * from './model-file.ts';
export * from './sniff-format.ts';
export { openGguf } from './gguf/open-gguf.ts';
export { openModelFile } from './open-model-file.ts';
