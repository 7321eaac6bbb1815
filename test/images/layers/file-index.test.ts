import { afterEach, describe, expect, it, vi } from 'vitest';
import { FileIndex } from '../../../src/images/layers/file-index.ts';
import { NodeColumns } from '../../../src/images/layers/node-columns.ts';
import { ROOT } from '../../../src/images/layers/file-table.ts';
import { readLayer } from '../../../src/images/layers/tar/layer-reader.ts';
import { listFiles } from '../../../src/images/layers/list-files.ts';
import { craftTar, inPieces, type Crafted } from './craft-tar.ts';

type Layer = readonly (Crafted | string)[];

const MOST = 64 * 1024 * 1024;
const LIMIT = { limit: MOST, tooLarge: (): Error => new Error('too large') };

/** Adds layers, given with the lowest first. */
async function indexOf(
  layers: readonly Layer[],
  most = MOST,
): Promise<{ index: FileIndex; notes: string[] }> {
  const notes: string[] = [];
  const index = new FileIndex(most, (name, reason) => void notes.push(`${name}: ${reason}`));
  for (const layer of layers.toReversed()) {
    index.beginLayer();
    for await (const entry of readLayer(inPieces(craftTar(layer)), LIMIT)) index.add(entry);
  }
  return { index, notes };
}

function pathsOf(index: FileIndex, hasWhiteouts = false): string[] {
  return [...listFiles(index, ROOT, { isRecursive: true, hasWhiteouts })].map(({ path, record }) => {
    const link = record.link === '' ? '' : ` -> ${record.link}`;
    return `${path}${record.kind <= 2 ? '/' : ''}${record.kind === 9 ? ' gone' : ''}${link}`;
  });
}

const file = (name: string, content = ''): Crafted => ({ name, content });
const hard = (name: string, link: string): Crafted => ({ name, link, type: '1' });

describe('the files of layers', () => {
  it.each<readonly [name: string, layers: readonly Layer[], files: readonly string[]]>([
    ['of none', [], []],
    ['of an empty layer', [[]], []],
    ['in the order of bytes', [['b', 'a/', 'a/z', 'a-', 'B']], ['B', 'a/', 'a/z', 'a-', 'b']],
    ['with and without a prefix', [['./', './a/', './a/b', '/a/c', 'a//./d']], ['a/', 'a/b', 'a/c', 'a/d']],
    [
      'with a path that leads up and down again',
      [['usr/../etc/evil', '/../b', 'a/..']],
      ['b', 'etc/', 'etc/evil'],
    ],
    [
      'whatever stands in the place of the root',
      [['a', { name: './', type: '0' }, { name: '.', link: 'x' }]],
      ['a'],
    ],
    ['without what is removed by such a path', [['etc/a', 'b'], ['usr/../etc/.wh.a']], ['b', 'etc/']],
    ['with directories that only a path names', [['a/b/c']], ['a/', 'a/b/', 'a/b/c']],
    [
      'from several layers',
      [
        ['a/', 'a/x'],
        ['a/', 'a/y'],
      ],
      ['a/', 'a/x', 'a/y'],
    ],
    ['without what was removed', [['a', 'b'], ['.wh.a']], ['b']],
    ['without a removed directory', [['d/', 'd/x', 'e'], ['.wh.d']], ['e']],
    [
      'with what was made again in the same layer',
      [
        ['d/x', 'd/y'],
        ['d/', 'd/z', '.wh.d'],
      ],
      ['d/', 'd/z'],
    ],
    [
      'with what was made again, the whiteout first',
      [
        ['d/x', 'd/y'],
        ['.wh.d', 'd/', 'd/z'],
      ],
      ['d/', 'd/z'],
    ],
    ['with what was made again in a higher layer', [['a'], ['.wh.a'], ['a']], ['a']],
    ['with a directory made again higher up', [['d/x'], ['.wh.d'], ['d/y']], ['d/', 'd/y']],
    [
      'of an opaque directory',
      [
        ['d/', 'd/x'],
        ['d/', 'd/y', 'd/.wh..wh..opq'],
      ],
      ['d/', 'd/y'],
    ],
    [
      'of an opaque root',
      [
        ['a', 'b/c'],
        ['.wh..wh..opq', 'z'],
      ],
      ['z'],
    ],
    ['opaque, without an entry of its own', [['d/', 'd/x', 'e'], ['d/.wh..wh..opq']], ['d/', 'e']],
    ['with a whiteout of what never was', [['a'], ['.wh.b', 'c/.wh.d']], ['a', 'c/']],
    ['a whiteout is about lower layers alone', [['.wh.a'], ['a']], ['a']],
    ['with a file over a directory', [['d/', 'd/x'], ['d']], ['d']],
    ['with a directory over a file', [['d'], ['d/', 'd/x']], ['d/', 'd/x']],
    ['with a path through a file', [['d'], ['d/x']], ['d/', 'd/x']],
    ['with a directory over a file over a directory', [['d/a'], ['d'], ['d/b']], ['d/', 'd/b']],
    ['with a path through a symbolic link', [[{ name: 'l', link: 'd' }, 'd/'], ['l/x']], ['d/', 'l/', 'l/x']],
    ['the last of two of one name', [[{ name: 'a', link: 'x' }, 'a', { name: 'a', link: 'y' }]], ['a -> y']],
    ['a file after a directory of one name', [['d/', 'd/x', 'd', 'e']], ['d', 'e']],
    [
      'what is in a directory that comes after a file, once',
      [['d/x/y', 'd/z', 'd', 'd/x/w', 'd/x', 'd/x']],
      ['d/', 'd/x'],
    ],
    [
      'of a directory that was a file in between, twice',
      [['d/x', 'd', 'd/x', 'd', 'd/y', 'd/x']],
      ['d/', 'd/x', 'd/y'],
    ],
    ['a directory after a file of one name', [['d', 'd/', 'd/x']], ['d/', 'd/x']],
    ['what follows a file as if it were a directory', [['d', 'd/x']], ['d/', 'd/x']],
    ['with leftovers of AUFS', [['a', '.wh..wh.aufs', '.wh..wh.plnk/', '.wh..wh.orph/']], ['a']],
    [
      'with what only looks like a whiteout',
      [['a.wh.b', '.wh', 'x/.wh.y/z', 'wh.']],
      ['.wh', 'a.wh.b', 'wh.', 'x/', 'x/.wh.y/', 'x/.wh.y/z'],
    ],
    ['with names of odd bytes', [['\xff', '\xc3\xa9']], ['\xc3\xa9', '\xff']],
    ['with a name of the prototype', [['__proto__', 'constructor']], ['__proto__', 'constructor']],
  ])('%s', async (_name, layers, files) => {
    expect(pathsOf((await indexOf(layers)).index)).toEqual(files);
  });

  it('of one layer show what it removes', async () => {
    const { index } = await indexOf([['d/', '.wh.a', 'd/.wh.b', 'c']]);
    expect(pathsOf(index, true)).toEqual(['a gone', 'c', 'd/', 'd/b gone']);
  });

  it.each<readonly [name: string, entry: string, note: RegExp]>([
    ['above the root', '../a', /leads out/],
    ['above the root, after a while', 'a/../../b', /leads out/],
    ['with a zero byte', 'a\u0000b', /zero byte/],
    ['that is long', 'x/'.repeat(20_000), /too long/],
    ['that removes the directory above', 'a/.wh...', /removes no file/],
    ['that removes nothing', '.wh.', /removes no file/],
  ])('leave out, with a note, an entry %s', async (_name, path, note) => {
    const { index, notes } = await indexOf([['a/', 'a/x', 'b'], [{ name: 'short', pax: { path } }]]);
    expect(pathsOf(index)).toEqual(['a/', 'a/x', 'b']);
    expect(notes).toEqual([expect.stringMatching(note)]);
  });

  it('of one layer show what it removes in a directory that was a file in between', async () => {
    const { index } = await indexOf([['d/x', 'd', 'd/.wh.x']]);
    expect(pathsOf(index, true)).toEqual(['d/', 'd/x gone']);
  });

  it('take mode, owner and time of a directory from the layer that has them', async () => {
    const { index } = await indexOf([[{ name: 'd/', mode: 0o1777, uid: 7, mtime: 99 }], ['d/x']]);
    expect([...listFiles(index, ROOT, { isRecursive: false, hasWhiteouts: false })]).toMatchObject([
      { path: 'd', record: { mode: 0o1777, uid: 7, mtime: 99 } },
    ]);
  });
});

describe('a hard link', () => {
  const sizeOf = async (layers: readonly Layer[], path: string): Promise<unknown> => {
    const { index } = await indexOf(layers);
    const all = [...listFiles(index, ROOT, { isRecursive: true, hasWhiteouts: false })];
    const found = all.find((it) => it.path === path)?.record;
    return found === undefined
      ? undefined
      : [found.kind, found.size, found.contentLayer, found.entry, found.link];
  };

  it.each<readonly [name: string, layers: readonly Layer[], record: unknown]>([
    ['is the file that it was made of', [[file('a', 'abc'), hard('l', 'a')]], [3, 3, 0, 0, 'a']],
    ['comes before its file', [[hard('l', './a'), file('a', 'abc')]], [3, 3, 0, 1, './a']],
    [
      'keeps a file that a higher layer changed',
      [[file('a', 'abc'), hard('l', 'a')], [file('a', 'x')]],
      [3, 3, 1, 0, 'a'],
    ],
    [
      'keeps a file that a higher layer removed',
      [[file('d/a', 'abc'), hard('l', 'd/a')], ['.wh.d']],
      [3, 3, 1, 0, 'd/a'],
    ],
    ['is made of a file of a lower layer', [[file('a', 'abc')], [hard('l', 'a')]], [3, 3, 1, 0, 'a']],
    [
      'is made of a leftover of AUFS',
      [[file('.wh..wh.plnk/1.2', 'abc'), hard('l', '.wh..wh.plnk/1.2')]],
      [3, 3, 0, 0, '.wh..wh.plnk/1.2'],
    ],
    ['is made of another', [[file('a', 'abc'), hard('b', 'a'), hard('l', 'b')]], [3, 3, 0, 0, 'b']],
    [
      'is made of another, before their file',
      [[hard('b', 'a'), hard('l', 'b'), file('a', 'abc')]],
      [3, 3, 0, 2, 'b'],
    ],
    [
      'is made of a later one, before their file',
      [[hard('l', 'b'), hard('b', 'a'), file('a', 'abc')]],
      [3, 3, 0, 2, 'b'],
    ],
    [
      'is made of another that a higher layer replaced',
      [[file('a', 'abc'), hard('b', 'a'), hard('l', 'b')], [file('b', 'x')]],
      [3, 3, 1, 0, 'b'],
    ],
    [
      'is made of another that a higher layer replaced, before their file',
      [[hard('b', 'a'), hard('l', 'b'), file('a', 'abc')], [file('b', 'x')]],
      [3, 3, 1, 2, 'b'],
    ],
    [
      'is made of one of a lower layer, not of the file below that',
      [[file('b', 'wrong'), file('a', 'abc')], [hard('b', 'a')], [hard('l', 'b')]],
      [3, 3, 2, 1, 'b'],
    ],
    [
      'is the last of two of one name',
      [
        [file('a', '1'), file('b', '22')],
        [hard('l', 'a'), hard('l', 'b')],
      ],
      [3, 2, 1, 1, 'b'],
    ],
    [
      'is not what was removed in between',
      [[file('a', 'abc')], ['.wh.a'], [hard('l', 'a')]],
      [5, 0, -1, 0, 'a'],
    ],
    [
      'is not in a directory that was removed in between',
      [[file('d/a', 'abc')], ['.wh.d'], [hard('l', 'd/a')]],
      [5, 0, -1, 0, 'd/a'],
    ],
    [
      'is not in a directory that was hidden in between',
      [[file('d/a', 'abc')], ['d/.wh..wh..opq'], [hard('l', 'd/a')]],
      [5, 0, -1, 0, 'd/a'],
    ],
    [
      'is not in a directory that was a file in between',
      [[file('d/a', 'abc')], ['d'], [hard('l', 'd/a')]],
      [5, 0, -1, 0, 'd/a'],
    ],
    [
      'is not what was a directory in between',
      [[file('a', 'abc')], ['a/x'], [hard('l', 'a')]],
      [5, 0, -1, 0, 'a'],
    ],
    [
      'is what only its own layer removes',
      [[file('a', 'abc')], [hard('l', 'a'), '.wh.a']],
      [3, 3, 1, 0, 'a'],
    ],
    [
      'is what only a lower layer removes',
      [['a'], ['.wh.a', file('a', 'abc')], [hard('l', 'a')]],
      [3, 3, 1, 1, 'a'],
    ],
    ['is one of a circle', [[hard('b', 'l'), hard('l', 'b')]], [5, 0, -1, 1, 'b']],
    ['is made of a symbolic link', [[{ name: 's', link: 'x' }, hard('l', 's')]], [4, 0, -1, 0, 'x']],
    ['is made of nothing', [[hard('l', 'nothing')]], [5, 0, -1, 0, 'nothing']],
    ['leads out', [[hard('l', '../../etc/shadow')]], [5, 0, -1, 0, '../../etc/shadow']],
    ['is made of itself', [[hard('l', 'l')]], [5, 0, -1, 0, 'l']],
  ])('%s', async (_name, layers, record) => {
    expect(await sizeOf(layers, 'l')).toEqual(record);
  });
});

describe('the memory of the list', () => {
  it('is bounded, and the error says what to do', async () => {
    const many = Array.from({ length: 1200 }, (_none, n) => `file-${n}`);
    await expect(indexOf([many], 128 * 1024)).rejects.toMatchObject({
      code: 'IMAGE_INVALID',
      hint: expect.stringContaining('--layer'),
    });
  });

  it('is bounded for what upper layers hide', async () => {
    const many = Array.from({ length: 1200 }, (_none, n) => `d/file-${n}`);
    await expect(indexOf([many, ['.wh.d']], 128 * 1024)).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
  });

  it('is small for deep paths', async () => {
    const { index } = await indexOf([[{ name: 'x', pax: { path: 'd/'.repeat(4000) } }]]);
    expect(pathsOf(index).length).toBe(4000);
  });
});

describe('the work for an entry', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each<readonly [name: string, entries: () => Layer]>([
    [
      'does not grow with what was in a directory before',
      () => [
        ...Array.from({ length: 900 }, (_none, n) => `d/${n}`),
        ...Array.from({ length: 900 }, () => file('d')),
      ],
    ],
    ['does not grow with names that are chosen to get one hash', () => namesOfOneHash(600)],
  ])('%s', async (_name, entries) => {
    const layer = entries();
    const get = vi.spyOn(NodeColumns.prototype, 'get');
    await indexOf([layer]);
    expect(get.mock.calls.length / layer.length).toBeLessThan(60);
  });
});

/** Names in the root that FNV-1a from its usual start puts in one of 1024 buckets. */
function namesOfOneHash(count: number): string[] {
  const names: string[] = [];
  for (let n = 0; names.length < count; n += 1) {
    let hash = 0x811c9dc5;
    for (const byte of Buffer.from(`${n}`)) hash = Math.imul(hash ^ byte, 0x01000193);
    hash ^= hash >>> 15;
    if (((Math.imul(hash, 0x2c1b3c6d) >>> 4) & 1023) === 0) names.push(`${n}`);
  }
  return names;
}
