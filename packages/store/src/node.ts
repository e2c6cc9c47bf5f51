// What needs Node: files, folders, a chunk store in a folder.
export { openDirectoryChunkStore } from './directory-chunk-store.ts';
export { openNodeFile } from './node-file-source.ts';
