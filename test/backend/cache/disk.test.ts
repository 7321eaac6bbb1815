import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must, until } from '../../support/programs.ts';
import { describeWith } from '../../support/requires.ts';
import { noise, startCacheFixture, type Blob, type CacheFixture } from './cache-fixture.ts';

/** No file of this process may be larger from now on: a write beyond it fails as on a full disk. */
async function allow(bytes: number | 'unlimited'): Promise<void> {
  await must('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]);
}

describeWith(['prlimit'], 'a disk that fails while a blob is being taken in', () => {
  let fixture: CacheFixture;
  const blob = noise(4_000_000);
  beforeAll(async () => {
    fixture = await startCacheFixture();
    fixture.registry.put('team/app', blob);
  });
  afterAll(async () => {
    await allow('unlimited');
    await fixture.close();
  });

  it('costs no client a byte, and is said once', async () => {
    await allow(1_000_000);
    for (let round = 0; round < 2; round += 1) {
      const pulls = [{}, {}, { headers: { range: 'bytes=2000000-2999999' } }].map((wish) =>
        fixture.pull('team/app', blob.digest, wish),
      );
      const [one, other, part] = await Promise.all(pulls);
      expect([one?.whole, one?.body.equals(blob.bytes)]).toEqual([true, true]);
      expect([other?.whole, other?.body.equals(blob.bytes)]).toEqual([true, true]);
      expect(part?.body.equals(blob.bytes.subarray(2_000_000, 3_000_000))).toBe(true);
    }
    expect(await fixture.kept()).toEqual([]);
    const warnings = (): readonly string[] =>
      fixture.gate.log.filter((line) => line.includes('pulls pass it by'));
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('EFBIG');
    await allow('unlimited');
    await fixture.pull('team/app', blob.digest);
    await until(
      () => (fixture.gate.log.some((line) => line.includes('takes layers in again')) ? true : undefined),
      () => 'the cache does not recover',
    );
    expect(await fixture.kept()).toEqual([blob.digest.replace(':', '/')]);
  });
});

describe('a cache', () => {
  async function pulled(fixture: CacheFixture, blob: Blob): Promise<boolean> {
    fixture.registry.put('team/app', blob);
    const { body, whole } = await fixture.pull('team/app', blob.digest);
    return whole && body.equals(blob.bytes);
  }

  it('asks for every pull where it was told to', async () => {
    const fixture = await startCacheFixture({ checkSeconds: 0 });
    try {
      const blob = noise(100_000);
      for (let round = 0; round < 3; round += 1) expect(await pulled(fixture, blob)).toBe(true);
      expect(fixture.registry.asked).toEqual([
        'HEAD team/app',
        'GET team/app',
        'HEAD team/app',
        'HEAD team/app',
      ]);
      fixture.registry.remove('team/app', blob);
      expect((await fixture.pull('team/app', blob.digest)).status).toBe(404);
    } finally {
      await fixture.close();
    }
  });

  it('passes on what is larger than all of it', async () => {
    const fixture = await startCacheFixture({ size: 1_000_000 });
    try {
      const [large, small] = [noise(1_000_001), noise(999_999)];
      expect(await pulled(fixture, large)).toBe(true);
      expect(await fixture.kept()).toEqual([]);
      expect(await pulled(fixture, small)).toBe(true);
      await until(
        async () => ((await fixture.kept()).includes(small.digest.replace(':', '/')) ? true : undefined),
        () => 'nothing is kept',
      );
    } finally {
      await fixture.close();
    }
  });

  it('serves after a new start what it held before it, once the registry has said that it may', async () => {
    const before = await startCacheFixture();
    const blob = noise(100_000);
    await pulled(before, blob);
    await until(
      async () => ((await before.kept()).includes(blob.digest.replace(':', '/')) ? true : undefined),
      () => 'nothing is kept',
    );
    await writeFile(join(before.directory, 'filling', 'left'), 'behind');
    const fixture = await before.restart();
    try {
      fixture.registry.asked.length = 0;
      expect(await pulled(fixture, blob)).toBe(true);
      expect(fixture.registry.asked).toEqual(['HEAD team/app']);
      expect(await fixture.kept()).toEqual([blob.digest.replace(':', '/')]);
    } finally {
      await fixture.close();
    }
  });
});
