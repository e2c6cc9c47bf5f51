// Which files that came by URL make a model, by their addresses alone: a GGUF with its parts, and in a folder of
// safetensors each set of weights with what lies beside it.
import type { FileGroup } from '../upkeep/cached-models.ts';
import type { StoredFile } from '../chunk-stores/chunk-store.ts';
import { nameOfUrl } from '../remote/file-key.ts';
import { BESIDE_WEIGHTS, SAFETENSORS_INDEX } from './safetensors-choice.ts';
import { parseSplitName, type SplitName } from './split-name.ts';

/** A file by what its key says. */
interface Placed {
  file: StoredFile;
  /** With a '/' at its end, and the query; the key itself where it is no web address. */
  folder: string;
  name: string;
  split: SplitName | undefined;
}

export function urlModels(files: readonly StoredFile[]): FileGroup[] {
  const besides = new Map<string, Placed[]>();
  const sets = new Map<string, Placed[]>();
  for (const placed of files.map(place)) {
    const { folder, name, split } = placed;
    if (BESIDE_WEIGHTS.includes(name)) add(besides, folder, placed);
    else add(sets, `${folder} ${split ? `${split.stem}/${split.parts}${split.extension}` : name}`, placed);
  }
  const groups = [...sets.values()].map((set) => {
    const { folder } = set[0]!;
    const alone = [...sets.values()].filter((other) => isFolderWeights(other[0]!, folder)).length === 1;
    return weightsOf(set, besides.get(folder) ?? [], alone);
  });
  for (const [folder, beside] of besides) {
    // Nothing but what lies beside weights: their download has just begun.
    if (![...sets.values()].some((set) => isFolderWeights(set[0]!, folder))) {
      groups.push({ ref: folder, name: folderName(folder), files: ordered(beside), whole: false });
    }
  }
  return groups;
}

function place(file: StoredFile): Placed {
  const { key } = file;
  if (!/^https?:/.test(key)) return { file, folder: key, name: file.name, split: undefined };
  const { origin, pathname, search } = new URL(key);
  const folder = origin + pathname.slice(0, pathname.lastIndexOf('/') + 1) + search;
  const name = nameOfUrl(key);
  return { file, folder, name, split: parseSplitName(name) };
}

function add(map: Map<string, Placed[]>, key: string, placed: Placed): void {
  map.set(key, [...(map.get(key) ?? []), placed]);
}

function isFolderWeights({ folder, name }: Placed, where: string): boolean {
  return folder === where && /\.safetensors$/i.test(name);
}

function weightsOf(set: Placed[], beside: Placed[], alone: boolean): FileGroup {
  const { file, folder, name, split } = set[0]!;
  const whole = set.length === (split?.parts ?? 1);
  const files = ordered(set);
  // A hub's file that has lost its marks is still a file of that hub.
  const ref = files[0]!.key.replace(/^hub:/, '');
  const stem = (split?.stem ?? name).replace(/\.(gguf|safetensors)$/i, '');
  if (!isFolderWeights(set[0]!, folder)) return { ref, name: stem || file.key, files, whole };
  const indexed = beside.some((one) => one.name === SAFETENSORS_INDEX);
  const isFolder = alone && (indexed ? split !== undefined : name === 'model.safetensors');
  return {
    ref: isFolder ? folder : ref,
    name: isFolder ? folderName(folder) : `${folderName(folder)}/${stem}`,
    files: [...ordered(beside), ...files],
    whole,
  };
}

function ordered(placed: readonly Placed[]): StoredFile[] {
  const number = ({ name, split }: Placed): number => split?.part ?? BESIDE_WEIGHTS.indexOf(name);
  return [...placed].sort((a, b) => number(a) - number(b)).map(({ file }) => file);
}

function folderName(folder: string): string {
  const { pathname, host } = new URL(folder);
  return nameOfUrl(`http://folder${pathname.slice(0, -1)}`).replace(/^http:.*/, '') || host;
}
