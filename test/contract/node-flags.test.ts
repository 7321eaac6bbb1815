import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../bench/contenders.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** What is measured has to be what people run. */
describe('the flags that Node.js is started with', () => {
  it.each([
    ['Dockerfile', /^ENTRYPOINT \["node", "(.*)", "dist\/main\.js"\]$/m],
    ['deploy/registry-gate.service', /^Environment=NODE_OPTIONS=(.*)$/m],
    ['package.json', /"start": "node (.*) src\/main\.ts up"/],
    ['package.json', /"gate": "node (.*) src\/main\.ts"/],
    ['README.md', /`NODE_OPTIONS=([^`]*)`/],
  ])('in %s are those of the benchmark: %s', async (file, pattern) => {
    const text = await readFile(resolve(ROOT, file), 'utf8');
    expect(pattern.exec(text)?.[1]).toBe(NODE_FLAGS);
  });
});
