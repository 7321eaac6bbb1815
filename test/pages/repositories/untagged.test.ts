import { describe, expect, it } from 'vitest';
import { readUntagged } from '../../../src/pages/repositories/untagged/read-untagged.ts';
import { memoryRepository } from '../../support/memory-registry.ts';

const SINCE = new Date('2026-01-01T00:00:00Z');

describe('manifests without a tag', () => {
  it('say what keeps them, and what garbage collection gives back', async () => {
    const repository = memoryRepository();
    const [child, alone, inner] = ['child', 'alone', 'inner'].map((layer) =>
      repository.putImage({ layers: ['base', layer] }),
    );
    const index = repository.putIndex(inner === undefined ? [] : [inner]);
    const signature = repository.putImage({ layers: ['signature'], subject: index });
    const all = [child, alone, inner, index, signature].map((it) => it?.digest.text ?? '');
    const [childDigest = '', aloneDigest = ''] = all;
    const gone = `sha256:${'0'.repeat(64)}`;
    const base = [...repository.blobs].find(([, bytes]) => bytes.toString() === 'base')?.[0] ?? '';
    const { rows, freed } = await readUntagged({
      repository: 'team/app',
      source: repository,
      inventory: {
        needing: async () => new Map([[childDigest, '1.0']]),
        layerShares: async () => new Map([[base, 2]]),
      },
      listed: [...all, gone].map((digest) => ({ digest, since: SINCE })),
    });
    expect(rows.map(({ kind, keptBy }) => [kind, keptBy])).toEqual([
      ['image', { by: 'tag', tag: '1.0' }],
      ['image', undefined],
      ['image', { by: 'index', digest: index.digest.text }],
      ['index', undefined],
      ['image', { by: 'subject', digest: index.digest.text }],
    ]);
    expect(rows.map(({ digest }) => digest)).toEqual(all);
    // The lone image without the layer that a tag needs, and the index.
    const whole = rows.find(({ digest }) => digest === aloneDigest)?.size ?? 0;
    expect(freed).toBe(whole - 'base'.length + index.size);
  });

  it('that are no images are shown all the same', async () => {
    const repository = memoryRepository();
    const { digest } = repository.putImage({ layers: ['x'] });
    const stored = { ...repository.manifests.get(digest.text), bytes: Buffer.from('[]') };
    const { rows } = await readUntagged({
      repository: 'team/app',
      source: { readManifest: async () => ({ mediaType: 'x/y', digest, ...stored }) },
      inventory: { needing: async () => new Map(), layerShares: async () => new Map() },
      listed: [{ digest: digest.text, since: SINCE }],
    });
    expect(rows).toEqual([
      { digest: digest.text, since: SINCE, kind: 'unreadable', size: 2, keptBy: undefined },
    ]);
  });
});
