import { describe, expect, it } from 'vitest';
import { FileIndex } from '../../../src/images/layers/file-index.ts';
import { readLayer } from '../../../src/images/layers/tar/layer-reader.ts';
import { pathOf } from '../../../src/images/layers/list-files.ts';
import { resolvePath } from '../../../src/images/layers/resolve-path.ts';
import { craftTar, inPieces, type Crafted } from './craft-tar.ts';

type Layer = readonly (Crafted | string)[];

const link = (name: string, to: string): Crafted => ({ name, link: to });

/** Where a path leads after the upper ones of some layers, given with the topmost first. */
async function resolve(layers: readonly Layer[], path: string, count = layers.length): Promise<string> {
  const index = new FileIndex(1024 * 1024, () => undefined);
  for (const layer of layers.slice(0, count)) {
    index.beginLayer();
    const options = { limit: 1024 * 1024, tooLarge: () => new Error('too large') };
    for await (const entry of readLayer(inPieces(craftTar(layer)), options)) index.add(entry);
  }
  const found = resolvePath(index, path, { followLast: true, isComplete: count === layers.length });
  return found.kind === 'found' ? `/${pathOf(index, found.node)}` : found.kind;
}

describe('a path in an image', () => {
  const FILES: Layer = [
    'etc/passwd',
    'usr/lib/os-release',
    link('lib', 'usr/lib'),
    link('etc/os-release', '../usr/lib/os-release'),
    link('etc/absolute', '/etc/passwd'),
    link('etc/outside', '../../../../etc/passwd'),
    link('chain', 'etc/absolute'),
    link('a', 'b'),
    link('b', 'a'),
    link('self', 'self/self'),
    link('dangling', 'nowhere'),
    link('root', '/'),
  ];

  it.each<readonly [path: string, leads: string]>([
    ['/etc/passwd', '/etc/passwd'],
    ['etc//./passwd', '/etc/passwd'],
    ['/', '/'],
    ['', '/'],
    ['../../etc/passwd', '/etc/passwd'],
    ['/etc/../etc/passwd', '/etc/passwd'],
    ['/lib/os-release', '/usr/lib/os-release'],
    ['/lib/../..', '/'],
    ['/lib/', '/usr/lib'],
    ['/etc/os-release', '/usr/lib/os-release'],
    ['/etc/absolute', '/etc/passwd'],
    ['/etc/outside', '/etc/passwd'],
    ['/chain', '/etc/passwd'],
    ['/root/root/etc/passwd', '/etc/passwd'],
    ['/a', 'loop'],
    ['/self', 'loop'],
    ['/dangling', 'missing'],
    ['/etc/passwd/', 'missing'],
    ['/etc/passwd/x', 'missing'],
    ['/nothing', 'missing'],
  ])('%s leads to %s', async (path, leads) => {
    expect(await resolve([FILES], path)).toBe(leads);
  });

  it('may lead through forty links and no more', async () => {
    const links = Array.from({ length: 41 }, (_none, n) => link(`${n}`, n === 40 ? 'end' : `${n + 1}`));
    expect(await resolve([['end', ...links]], '/1')).toBe('/end');
    expect(await resolve([['end', ...links]], '/0')).toBe('loop');
  });

  it.each<readonly [name: string, upper: Layer, path: string, leads: string]>([
    ['is known where an upper layer has the file', ['etc/passwd'], '/etc/passwd', '/etc/passwd'],
    ['is known where an upper layer removes it', ['etc/.wh.passwd'], '/etc/passwd', 'missing'],
    ['is known where an upper layer removes the directory', ['.wh.etc'], '/etc/passwd', 'missing'],
    ['is known where an upper layer hides the directory', ['etc/.wh..wh..opq'], '/etc/passwd', 'missing'],
    ['is known where an upper layer hides a higher one', ['.wh..wh..opq', 'etc/'], '/etc/passwd', 'missing'],
    ['is known where a file is in the way', ['etc'], '/etc/passwd', 'missing'],
    ['is open where an upper layer has the directory', ['etc/'], '/etc/passwd', 'open'],
    ['is open where no layer has anything', [], '/etc/passwd', 'open'],
    ['is open behind a link', [link('lib', 'usr/lib')], '/lib/x', 'open'],
    ['is open for a hard link to a lower layer', [{ name: 'l', link: 'x', type: '1' }], '/l', 'open'],
    ['is known for a hard link', ['x', { name: 'l', link: 'x', type: '1' }], '/l', '/l'],
  ])('%s', async (_name, upper, path, leads) => {
    expect(await resolve([upper, ['etc/passwd', 'usr/lib/x']], path, 1)).toBe(leads);
  });
});
