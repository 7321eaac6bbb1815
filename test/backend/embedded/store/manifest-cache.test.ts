import { describe, expect, it } from 'vitest';
import { ByteSemaphore } from '../../../../src/backend/embedded/store/byte-semaphore.ts';
import { ManifestCache, type StoredManifest } from '../../../../src/backend/embedded/store/manifest-cache.ts';
import { digestOf } from '../../../../src/oci/digest.ts';

const MIB = 1024 * 1024;
const manifest = (size: number): StoredManifest => ({
  bytes: Buffer.alloc(size),
  mediaType: 'application/x',
  subject: undefined,
  artifactType: undefined,
});
const digest = (name: number): ReturnType<typeof digestOf> => digestOf('sha256', Buffer.from(`${name}`));

describe('manifests in memory', () => {
  it('are bounded in bytes, and the one not asked for in longest goes', () => {
    const cache = new ManifestCache();
    for (let at = 0; at < 10; at += 1) {
      cache.keep(digest(at), manifest(4 * MIB));
      cache.get(digest(0));
    }
    const kept = Array.from({ length: 10 }, (_, at) => at).filter(
      (at) => cache.get(digest(at)) !== undefined,
    );
    expect(kept).toEqual([0, 4, 5, 6, 7, 8, 9]);
  });

  it('are counted with what they cost beside their bytes', () => {
    const cache = new ManifestCache();
    for (let at = 0; at < 30_000; at += 1) cache.keep(digest(at), manifest(0));
    expect(cache.get(digest(0))).toBeUndefined();
    expect(cache.get(digest(29_999))).toBeDefined();
  });

  it('are counted once, however often they are kept', () => {
    const cache = new ManifestCache();
    cache.keep(digest(1), manifest(4 * MIB));
    for (let at = 0; at < 20; at += 1) cache.keep(digest(0), manifest(4 * MIB));
    expect(cache.get(digest(1))).toBeDefined();
  });
});

describe('a gate for bytes', () => {
  interface Work {
    readonly ended: Promise<void>;
    readonly end: () => void;
  }

  function begin(gate: ByteSemaphore, bytes: number, begun: number[]): Work {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = gate.run(bytes, async () => {
      begun.push(bytes);
      await promise;
    });
    return { ended, end: resolve };
  }

  it('lets in what fits, and the rest in its order', async () => {
    const gate = new ByteSemaphore(10);
    const begun: number[] = [];
    const [first, second, third, fourth] = [6, 3, 5, 1].map((bytes) => begin(gate, bytes, begun));
    expect(begun).toEqual([6, 3]);
    first?.end();
    await first?.ended;
    expect(begun).toEqual([6, 3, 5, 1]);
    for (const work of [second, third, fourth]) {
      work?.end();
      await work?.ended;
    }
  });

  it('lets in what is larger than all its room, alone', async () => {
    const gate = new ByteSemaphore(10);
    const begun: number[] = [];
    const [large, small] = [100, 1].map((bytes) => begin(gate, bytes, begun));
    expect(begun).toEqual([100]);
    large?.end();
    await large?.ended;
    expect(begun).toEqual([100, 1]);
    small?.end();
    await small?.ended;
  });

  it('gives the room back where the work fails', async () => {
    const gate = new ByteSemaphore(10);
    await expect(gate.run(10, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.run(10, () => Promise.resolve('yes'))).toBe('yes');
  });
});
