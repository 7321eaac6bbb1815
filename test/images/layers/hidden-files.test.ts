import { describe, expect, it } from 'vitest';
import { EntryList } from '../../../src/images/layers/lists/entry-list.ts';
import { findHidden } from '../../../src/images/layers/lists/hidden-files.ts';
import type { EntryHead } from '../../../src/images/layers/tar/layer-reader.ts';

function head(name: string, more: Partial<EntryHead> = {}): EntryHead {
  const kind = name.endsWith('/') ? 'directory' : 'file';
  const usual = { mode: 0o644, uid: 0, gid: 0, size: 1, mtime: 0, link: '', major: 0, minor: 0 };
  return { name, kind, ...usual, ...more };
}

const layersOf = (...layers: readonly (readonly string[])[]): readonly EntryList[] =>
  layers.map((names) => {
    const list = new EntryList(128 * 1024 * 1024);
    for (const name of names) list.add(head(name));
    return list;
  });

describe('files that later layers hid', () => {
  it.each([
    ['a whiteout', layersOf(['etc/a', 'etc/b'], ['etc/.wh.a']), 'etc', ['a removed 0 1']],
    ['another file', layersOf(['etc/a'], ['etc/a']), 'etc', ['a replaced 0 1']],
    [
      'an opaque directory',
      layersOf(['etc/a', 'etc/b'], ['etc/.wh..wh..opq', 'etc/c']),
      'etc',
      ['a removed 0 1', 'b removed 0 1'],
    ],
    ['a whiteout of the directory', layersOf(['etc/a'], ['.wh.etc']), 'etc', ['a removed 0 1']],
    ['a whiteout of one above', layersOf(['a/b/c'], ['.wh.a']), 'a/b', ['c removed 0 1']],
    ['a file in place of the directory', layersOf(['a/b/c'], ['a']), 'a/b', ['c removed 0 1']],
    ['a file in place of a directory in it', layersOf(['etc/a/x'], ['etc/a']), 'etc', ['a replaced 0 1']],
    ['a directory in place of a file', layersOf(['etc/a'], ['etc/a/x']), 'etc', ['a replaced 0 1']],
    [
      'twice',
      layersOf(['etc/a'], ['etc/.wh.a'], ['etc/a'], ['etc/a']),
      'etc',
      ['a removed 0 1', 'a replaced 2 3'],
    ],
    [
      'a whiteout after the file of its own layer',
      layersOf(['etc/a'], ['etc/a', 'etc/.wh.a']),
      'etc',
      ['a removed 0 1'],
    ],
    ['nothing: a directory over a directory', layersOf(['etc/a/', 'etc/a/x'], ['etc/a/']), 'etc', []],
    ['nothing: a whiteout of what is not there', layersOf(['etc/a'], ['etc/.wh.b', 'usr/.wh.a']), 'etc', []],
    ['nothing: paths that lead out', layersOf(['etc/a'], ['../.wh.etc', '../../etc/a']), 'etc', []],
    ['in the root', layersOf(['a'], ['.wh.a']), '', ['a removed 0 1']],
  ])('%s', (_name, layers, directory, expected) => {
    const parts = directory.split('/').filter((part) => part !== '');
    const found = findHidden(layers, parts);
    expect(found.map(({ name, how, layer, hiddenBy }) => `${name} ${how} ${layer} ${hiddenBy}`)).toEqual(
      expected,
    );
  });
});

describe('more hidden files than are held', () => {
  const many = (count: number): readonly string[] => Array.from({ length: count }, (_none, at) => `d/${at}`);

  it('are listed up to the bound, and refused beyond', () => {
    expect(findHidden(layersOf(many(100_000), ['.wh.d']), ['d'])).toHaveLength(100_000);
    expect(() => findHidden(layersOf(many(100_001), ['.wh.d']), ['d'])).toThrow(
      'more than 100000 hidden files',
    );
  });

  it('do not matter where they are in another directory', () => {
    const layers = layersOf([...many(100_001), 'etc/a'], ['.wh.d', 'etc/.wh.a']);
    expect(findHidden(layers, ['etc'])).toHaveLength(1);
  });
});

describe('a list of entries', () => {
  it('keeps all that is known of each', () => {
    const entries = [
      head('a', { mode: 0o4755, uid: 2 ** 31, size: 2 ** 40, mtime: -5 }),
      head('\u00ff\u0000/b', { kind: 'symlink', link: '../c' }),
      head('dev', { kind: 'character', major: 5, minor: 4_000_000_000 }),
      ...Array.from({ length: 3000 }, (_none, at) => head(`${'long/'.repeat(20)}${at}`)),
    ];
    const list = new EntryList(8 * 1024 * 1024);
    for (const entry of entries) list.add(entry);
    expect([...list]).toEqual(entries);
    expect(list.count).toBe(entries.length);
    expect([list.at(1), list.nameOf(2), list.kindOf(2)]).toEqual([entries[1], 'dev', 'character']);
  });

  it('has a bound', () => {
    const list = new EntryList(1024 * 1024);
    const fill = (): void => {
      for (let at = 0; at < 1_000_000; at += 1) list.add(head(`file-${at}`));
    };
    expect(fill).toThrow(/more than \d+ files/);
    expect(list.bytes).toBeLessThanOrEqual(1024 * 1024);
  });
});
