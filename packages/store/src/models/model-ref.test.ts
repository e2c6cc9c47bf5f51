import { expect, it } from 'vitest';
import { classifyRef, hubText } from './model-ref.ts';

it.each([
  ['a/b', 'a/b@main'],
  ['HuggingFaceTB/SmolLM2-135M-Instruct-GGUF', 'HuggingFaceTB/SmolLM2-135M-Instruct-GGUF@main'],
  ['a/b:Q4_K_M', 'a/b@main:Q4_K_M'],
  ['a/b:UD-Q4_K_XL', 'a/b@main:UD-Q4_K_XL'],
  ['a/b@v1.0', 'a/b@v1.0'],
  ['a/b@v1:Q8_0', 'a/b@v1:Q8_0'],
  ['a/b:Q8_0@v1', 'a/b@v1:Q8_0'],
  ['a/b@refs/pr/12', 'a/b@refs/pr/12'],
  ['a/b/c/d.gguf', 'a/b@main/c/d.gguf'],
  ['a/b@v1/c/d.gguf', 'a/b@v1/c/d.gguf'],
  ['a/b/d.gguf@v1', 'a/b@v1/d.gguf'],
  ['hf://a/b.gguf', 'a/b.gguf@main'],
  ['hf:a/b:Q4_0', 'a/b@main:Q4_0'],
  ['https://huggingface.co/a/b', 'a/b@main'],
  ['https://huggingface.co/a/b/', 'a/b@main'],
  ['https://huggingface.co/a/b/tree/main', 'a/b@main'],
  ['https://huggingface.co/a/b/blob/v2/x%20y/d.gguf?show=1', 'a/b@v2/x y/d.gguf'],
])('%s is a hub id', (text, expected) => {
  const kind = classifyRef(text);
  expect(kind.kind === 'hub' && hubText(kind.hub)).toBe(expected);
});

it.each([
  'https://a.example/m.gguf?x=1',
  'http://localhost:8080/m.gguf',
  'https://huggingface.co/a/b/resolve/main/m.gguf',
  'blob:https://a.example/123',
])('%s is a URL', (text) => {
  expect(classifyRef(text)).toEqual({ kind: 'url', url: text });
});

it.each([
  './model.gguf',
  '../m',
  '/models/x.gguf',
  'model.gguf',
  'models/x.gguf',
  'C:\\models\\x.gguf',
  'C:/x.gguf',
  '~/x.gguf',
])('%s is a path', (text) => {
  expect(classifyRef(text)).toEqual({ kind: 'path', path: text });
});

it.each([
  '',
  'gpt2',
  'ftp://a.example/m.gguf',
  'a/b:',
  'a/b/../../c.gguf',
  'a/b@v1/c.gguf@v2',
  'a b/c',
  'https://',
])('"%s" is refused', (text) => {
  expect(() => classifyRef(text)).toThrowError(
    expect.objectContaining({ code: 'invalid-request' }) as unknown as Error,
  );
});
