import { expect, it } from 'vitest';
import { openBlob } from './blob-source.ts';
import { patternBytes } from '../testing/pattern-bytes.ts';

const BYTES = patternBytes(1000);

it('reads ranges of a File', async () => {
  const source = openBlob(new File([BYTES], 'm.gguf'));
  expect(source).toMatchObject({ name: 'm.gguf', byteLength: 1000, origin: 'file', bytesFetched: 0 });
  expect(await source.read(990, 10)).toEqual(BYTES.subarray(990));
  await expect(source.read(990, 11)).rejects.toMatchObject({ code: 'corrupt-file' });
  await expect(source.read(0, 1, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
  await source.close();
});

it('says so when the file went away or was cut', async () => {
  const gone = Object.assign(new Blob([BYTES]), {
    slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotReadableError')) }),
  });
  await expect(openBlob(gone as unknown as Blob, 'x').read(0, 1)).rejects.toMatchObject({
    code: 'storage-error',
    message: expect.stringMatching(/x can no longer be read/),
  });
  const cut = Object.assign(new Blob([BYTES]), { slice: () => new Blob([]) });
  await expect(openBlob(cut).read(0, 1)).rejects.toMatchObject({ code: 'corrupt-file' });
});
