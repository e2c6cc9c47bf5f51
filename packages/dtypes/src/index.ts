export * from './dtype.ts';
export * from './tensor-info.ts';
