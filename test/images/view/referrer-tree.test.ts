import { describe, expect, it } from 'vitest';
import { readReferrerTrees } from '../../../src/images/view/referrer-tree.ts';
import { memoryRepository } from '../../support/memory-registry.ts';

describe('the tree of referrers', () => {
  it('holds referrers of referrers, each once', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['a'], tags: ['1'] });
    const sbom = repository.putImage({ layers: ['sbom'], subject: image });
    const signature = repository.putImage({ layers: ['signature of the sbom'], subject: sbom });
    const [tree] = await readReferrerTrees(repository, [image.digest]);
    expect(tree?.isCut).toBe(false);
    expect(tree?.nodes.map(({ referrer }) => referrer.digest)).toEqual([sbom.digest.text]);
    expect(tree?.nodes[0]?.children.map(({ referrer }) => referrer.digest)).toEqual([signature.digest.text]);
  });

  it('ends where a list names what is there already', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['a'] });
    const other = repository.putImage({ layers: ['b'], subject: image });
    const circular = { ...repository, listReferrers: async () => [image, other] };
    const [tree] = await readReferrerTrees(circular, [image.digest]);
    expect(tree?.nodes.map(({ referrer, children }) => [referrer.digest, children.length])).toEqual([
      [other.digest.text, 0],
    ]);
  });

  it('goes only so deep, and says so', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['0'] });
    let subject = image;
    for (let depth = 1; depth < 8; depth += 1)
      subject = repository.putImage({ layers: [String(depth)], subject });
    const [tree] = await readReferrerTrees(repository, [image.digest]);
    expect(tree?.isCut).toBe(true);
  });

  it('is empty, and cut, where a list cannot be read', async () => {
    const repository = memoryRepository();
    const image = repository.putImage({ layers: ['a'] });
    const broken = repository.putImage({ layers: ['b'], subject: image });
    repository.manifests.set(broken.digest.text, {
      mediaType: broken.mediaType,
      digest: broken.digest,
      bytes: Buffer.from('{}'),
    });
    const listed = { ...repository, listReferrers: async () => [broken] };
    expect(await readReferrerTrees(listed, [image.digest])).toEqual([
      { subject: image.digest, nodes: [], isCut: true },
    ]);
  });
});
