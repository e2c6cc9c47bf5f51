// For tests of this and of upper rooms: tiny model files made on the spot.
export * from './gguf-writer.ts';
export * from './memory-source.ts';
export * from './safetensors-writer.ts';
export * from './sparse-source.ts';
