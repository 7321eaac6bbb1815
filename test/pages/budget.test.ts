import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';

const ASSETS = resolve(import.meta.dirname, '../../src/pages/assets');

/** Bytes of all files of a kind, as a browser gets them. */
function compressed(ending: string): number {
  const files = readdirSync(ASSETS).filter((name) => name.endsWith(ending));
  expect(files).not.toEqual([]);
  return files.reduce((sum, name) => sum + brotliCompressSync(readFileSync(join(ASSETS, name))).length, 0);
}

it.each([
  { what: 'style', ending: '.css', most: 20_000 },
  { what: 'script', ending: '.js', most: 40_000 },
])('the $what of the pages is at most $most bytes, compressed', ({ ending, most }) => {
  expect(compressed(ending)).toBeLessThanOrEqual(most);
});
