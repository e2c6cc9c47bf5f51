import { expect, it } from 'vitest';
import { keyOfUrl, nameOfUrl, publicUrl } from './file-key.ts';

it.each([
  ['https://u:p@a.example/m.gguf#x', 'https://a.example/m.gguf'],
  ['https://a.example/m?b=2&a=1', 'https://a.example/m?a=1&b=2'],
  ['https://a.example/m?file=x&X-Amz-Signature=s&X-Amz-Date=d', 'https://a.example/m?file=x'],
  ['https://a.example/m?se=1&sig=2&sv=3&v=4', 'https://a.example/m?v=4'],
  ['https://a.example/m?se=1', 'https://a.example/m?se=1'],
  ['https://a.example/m?token=t&Expires=1', 'https://a.example/m'],
  ['blob:https://a.example/1-2', 'blob:https://a.example/1-2'],
])('the key of %s', (url, key) => {
  expect(keyOfUrl(url)).toBe(key);
});

it('names and messages hold no secrets', () => {
  expect(publicUrl('https://u:p@a.example/d/m.gguf?token=t')).toBe('https://a.example/d/m.gguf');
  expect(nameOfUrl('https://a.example/d/my%20m.gguf?token=t')).toBe('my m.gguf');
  expect(nameOfUrl('https://a.example/%E0.gguf')).toBe('%E0.gguf');
});
