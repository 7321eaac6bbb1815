import { describe, expect, it } from 'vitest';
import { FileIndex } from '../../../src/images/layers/file-index.ts';
import { KeptTrees } from '../../../src/pages/image/files/thread/kept-trees.ts';

const MIB = 1024 * 1024;

function treeOf(files: number): FileIndex {
  const index = new FileIndex(128 * MIB, () => undefined);
  index.beginLayer();
  for (let at = 0; at < files; at += 1)
    index.add({
      name: `directory/file-${at}`,
      kind: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 1,
      mtime: 0,
      link: '',
      major: 0,
      minor: 0,
    });
  return index;
}

describe('the trees of images', () => {
  it('are those that were added', () => {
    const trees = new KeptTrees(MIB);
    const [a, b] = [trees.add('a', treeOf(1)), trees.add('b', treeOf(1))];
    expect([trees.get('a'), trees.get('b'), trees.get('c')]).toEqual([a, b, undefined]);
    expect(trees.get('a')).toBe(a);
  });

  it('have a bound in bytes: those that were not asked for longest are dropped', () => {
    const { bytes } = treeOf(2000);
    const trees = new KeptTrees(3.5 * bytes);
    const there = (): string => ['a', 'b', 'c', 'd'].filter((key) => trees.get(key) !== undefined).join('');
    for (const key of ['a', 'b', 'c']) trees.add(key, treeOf(2000));
    expect(there()).toBe('abc');
    trees.get('a');
    trees.add('d', treeOf(2000));
    expect(there()).toBe('acd');
    trees.add('large', treeOf(20_000));
    expect(there()).toBe('');
    expect(trees.get('large')).toBeDefined();
  });
});
