import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must, until } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { noise, startCacheStage } from './cache-fixture.ts';
import type { Blob, CacheStage } from './cache-fixture.ts';

/** No file of this process may be larger from now on: a write beyond it fails as on a full disk. */
async function allow(bytes: number | 'unlimited'): Promise<void> {
  await must('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

describeWith(['prlimit'], 'a disk that fails while a blob is being taken in', () => {
  let stage: CacheStage;
  const blob = noise(4_000_000);
  beforeAll(async () => {
    stage = await startCacheStage();
    stage.registry.put('team/app', blob);
  });
  afterAll(async () => {
    await allow('unlimited');
    await stage.close();
  });

  it('costs no client a byte, and is said once', async () => {
    await allow(1_000_000);
    for (let round = 0; round < 2; round += 1) {
      const pulls = [{}, {}, { headers: { range: 'bytes=2000000-2999999' } }].map((wish) =>
        stage.pull('team/app', blob.digest, wish),
      );
      const [one, other, part] = await Promise.all(pulls);
      expect([one?.whole, one?.body.equals(blob.bytes)]).toEqual([true, true]);
      expect([other?.whole, other?.body.equals(blob.bytes)]).toEqual([true, true]);
      expect(part?.body.equals(blob.bytes.subarray(2_000_000, 3_000_000))).toBe(true);
    }
    expect(await stage.kept()).toEqual([]);
    const warnings = (): readonly string[] =>
      stage.gate.log.filter((line) => line.includes('pulls pass it by'));
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('EFBIG');
    await allow('unlimited');
    await stage.pull('team/app', blob.digest);
    await until(
      () => (stage.gate.log.some((line) => line.includes('takes layers in again')) ? true : undefined),
      () => 'the cache does not recover',
    );
    expect(await stage.kept()).toEqual([blob.digest.replace(':', '/')]);
  });
});

describe('a cache', () => {
  async function pulled(stage: CacheStage, blob: Blob): Promise<boolean> {
    stage.registry.put('team/app', blob);
    const { body, whole } = await stage.pull('team/app', blob.digest);
    return whole && body.equals(blob.bytes);
  }

  it('asks for every pull where it was told to', async () => {
    const stage = await startCacheStage({ checkSeconds: 0 });
    try {
      const blob = noise(100_000);
      for (let round = 0; round < 3; round += 1) expect(await pulled(stage, blob)).toBe(true);
      expect(stage.registry.asked).toEqual([
        'HEAD team/app',
        'GET team/app',
        'HEAD team/app',
        'HEAD team/app',
      ]);
      stage.registry.remove('team/app', blob);
      expect((await stage.pull('team/app', blob.digest)).status).toBe(404);
    } finally {
      await stage.close();
    }
  });

  it('passes on what is larger than all of it', async () => {
    const stage = await startCacheStage({ size: 1_000_000 });
    try {
      const [large, small] = [noise(1_000_001), noise(999_999)];
      expect(await pulled(stage, large)).toBe(true);
      expect(await stage.kept()).toEqual([]);
      expect(await pulled(stage, small)).toBe(true);
      await until(
        async () => ((await stage.kept()).includes(small.digest.replace(':', '/')) ? true : undefined),
        () => 'nothing is kept',
      );
    } finally {
      await stage.close();
    }
  });

  it('serves after a new start what it held before it, once the registry has said that it may', async () => {
    const before = await startCacheStage();
    const blob = noise(100_000);
    await pulled(before, blob);
    await until(
      async () => ((await before.kept()).includes(blob.digest.replace(':', '/')) ? true : undefined),
      () => 'nothing is kept',
    );
    await writeFile(join(before.directory, 'filling', 'left'), 'behind');
    const stage = await before.restart();
    try {
      stage.registry.asked.length = 0;
      expect(await pulled(stage, blob)).toBe(true);
      expect(stage.registry.asked).toEqual(['HEAD team/app']);
      expect(await stage.kept()).toEqual([blob.digest.replace(':', '/')]);
    } finally {
      await stage.close();
    }
  });
});
