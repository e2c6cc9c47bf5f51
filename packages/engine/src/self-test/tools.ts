// What the self-test takes of the rooms below: handed in, as it is a module that comes later and would otherwise
// bring every kernel a second time.

import { createTensor, queueDone, readBuffer, Recorder } from '@quern/gpu';
import {
  attention,
  AXES,
  AXIS_NAMES,
  numericsOf,
  createExpertWeight,
  createWeight,
  destroyExpertWeight,
  destroyWeight,
  foldsNorm,
  matmul,
  moeMatmul,
  moeSort,
  mostTiles,
  norm,
  PAGE_TOKENS,
  pageBytes,
  sortedHeight,
  valuesOn,
  writeRows,
} from '@quern/kernels';

export const TOOLS = {
  createTensor,
  queueDone,
  readBuffer,
  Recorder,
  attention,
  AXES,
  AXIS_NAMES,
  numericsOf,
  createExpertWeight,
  createWeight,
  destroyExpertWeight,
  destroyWeight,
  foldsNorm,
  matmul,
  moeMatmul,
  moeSort,
  mostTiles,
  norm,
  PAGE_TOKENS,
  pageBytes,
  sortedHeight,
  valuesOn,
  writeRows,
};

export type Tools = typeof TOOLS;
