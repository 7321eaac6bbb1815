import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stat, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../support/programs.ts';
import { noise, startCacheFixture, type CacheFixture } from './cache-fixture.ts';

const KIB = 1024;
let fixture: CacheFixture;
beforeAll(async () => (fixture = await startCacheFixture()));
afterAll(() => fixture.close());
beforeEach(() => {
  fixture.registry.takeover = () => false;
  fixture.registry.asked.length = 0;
});

function pathOf(digest: string): string {
  return digest.replace(':', '/');
}

/** Resolves once nothing is being filled any more, and the blob is there. */
async function kept(digest: string): Promise<void> {
  await until(
    () => isKept(digest),
    () => `${digest} is not kept`,
  );
}

async function isKept(digest: string): Promise<true | undefined> {
  const names = await fixture.kept();
  return names.includes(pathOf(digest)) && !names.some((name) => name.startsWith('filling/'))
    ? true
    : undefined;
}

async function isClear(): Promise<true | undefined> {
  return (await fixture.kept()).some((name) => name.startsWith('filling/')) ? undefined : true;
}

describe('a pull', () => {
  it.each([
    ['sha256, tiny', 'sha256', 5],
    ['sha256, a piece of a record', 'sha256', 15 * KIB],
    ['sha256, more than a connection holds', 'sha256', 17 * KIB],
    ['sha256, more than a buffer', 'sha256', 3_333_333],
    ['sha384', 'sha384', 700_000],
    ['sha512', 'sha512', 700_000],
  ] as const)('fills once, and leaves the registry idle after that: %s', async (_name, algorithm, size) => {
    const blob = noise(size, algorithm);
    fixture.registry.put('team/app', blob);
    const first = await fixture.pull('team/app', blob.digest);
    await kept(blob.digest);
    const second = await fixture.pull('team/app', blob.digest);
    const head = await fixture.pull('team/app', blob.digest, { method: 'HEAD' });
    for (const { status, whole, body } of [first, second]) {
      expect([status, whole, body.equals(blob.bytes)]).toEqual([200, true, true]);
    }
    for (const { headers } of [first, second, head]) {
      expect(headers).toMatchObject({
        'content-length': String(size),
        'content-type': 'application/octet-stream',
        'docker-content-digest': blob.digest,
        'docker-distribution-api-version': 'registry/2.0',
        etag: `"${blob.digest}"`,
      });
    }
    expect(head.status).toBe(200);
    expect(fixture.registry.asked).toEqual(['HEAD team/app', 'GET team/app']);
  });

  it.each([
    ['the first bytes', { range: 'bytes=0-9' }, '206 bytes 0-9/100000'],
    ['the rest', { range: 'bytes=99990-' }, '206 bytes 99990-99999/100000'],
    ['the last bytes', { range: 'bytes=-7' }, '206 bytes 99993-99999/100000'],
    ['beyond the end', { range: 'bytes=100000-' }, '416 bytes */100000'],
    ['more than the whole: the whole', { range: 'bytes=0-99999,0-0' }, '200 undefined'],
    ['a range of other content: the whole', { range: 'bytes=0-9', 'if-range': '"x"' }, '200 undefined'],
    ['what the client has already', { 'if-none-match': 'ETAG' }, '304 undefined'],
  ] as const)('of a part is served from the disk: %s', async (_name, headers, expected) => {
    const blob = noise(100_000);
    fixture.registry.put('team/app', blob);
    await fixture.pull('team/app', blob.digest);
    await kept(blob.digest);
    const said = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('ETAG', `"${blob.digest}"`)]),
    );
    const answer = await fixture.pull('team/app', blob.digest, { headers: said });
    const range = answer.headers['content-range'];
    expect(`${answer.status} ${range}`).toBe(expected);
    const [, first, last] = /bytes (\d+)-(\d+)/.exec(expected) ?? [];
    const part = blob.bytes.subarray(Number(first ?? 0), last === undefined ? undefined : Number(last) + 1);
    const isBody = answer.status === 200 || answer.status === 206;
    expect(answer.body.equals(isBody ? part : answer.body)).toBe(true);
    expect(fixture.registry.asked).toEqual(['HEAD team/app', 'GET team/app']);
  });

  it('says in the log what became of it', async () => {
    const blob = noise(30_000);
    fixture.registry.put('team/log', blob);
    await fixture.pull('team/log', blob.digest, { headers: { range: 'bytes=0-9' } });
    await fixture.pull('team/log', blob.digest);
    await kept(blob.digest);
    await fixture.pull('team/log', blob.digest);
    const lines = (): readonly unknown[] =>
      fixture.gate.log.flatMap((line) => (line.includes('"team/log"') ? [JSON.parse(line).cache] : []));
    await until(
      () => (lines().length === 3 ? true : undefined),
      () => `logged: ${lines().join(' ')}`,
    );
    expect(lines()).toEqual(['miss', 'fill', 'hit']);
  });

  it('of a part that is not there is passed on, and keeps nothing', async () => {
    const blob = noise(50_000);
    fixture.registry.put('team/app', blob);
    const answer = await fixture.pull('team/app', blob.digest, { headers: { range: 'bytes=10-19' } });
    expect(answer.status).toBe(206);
    expect(answer.body.equals(blob.bytes.subarray(10, 20))).toBe(true);
    expect(await fixture.kept()).not.toContain(pathOf(blob.digest));
  });

  it.each([
    ['in chunks', 200, {}],
    ['somewhere else', 307, { Location: '/v2/team/app/blobs/elsewhere', 'Content-Length': '0' }],
    ['under a coding', 200, { 'Content-Length': '4', 'Content-Encoding': 'gzip' }],
  ] as const)(
    'that the registry answers %s is passed on, and keeps nothing',
    async (_name, status, headers) => {
      const blob = noise(4);
      fixture.registry.takeover = (_req, res) => {
        res.writeHead(status, headers).end(status === 200 ? blob.bytes : undefined);
        return true;
      };
      const answer = await fixture.pull('team/app', blob.digest);
      expect(answer.status).toBe(status);
      expect(answer.body.equals(status === 200 ? blob.bytes : Buffer.alloc(0))).toBe(true);
      expect(await fixture.kept()).not.toContain(pathOf(blob.digest));
    },
  );

  it('of a blob that another repository holds asks the registry, and takes its word', async () => {
    const blob = noise(40_000);
    fixture.registry.put('team/app', blob);
    fixture.registry.put('team/copy', blob);
    await fixture.pull('team/app', blob.digest);
    await kept(blob.digest);
    fixture.registry.asked.length = 0;
    for (const repository of ['team/copy', 'team/copy', 'team/other', 'team/other']) {
      const { status, body } = await fixture.pull(repository, blob.digest);
      expect([repository, status]).toEqual([repository, repository === 'team/copy' ? 200 : 404]);
      expect(body.equals(blob.bytes)).toBe(repository === 'team/copy');
    }
    // A refusal is the registry's own, and it is not remembered.
    const refused = ['HEAD team/other', 'GET team/other'];
    expect(fixture.registry.asked).toEqual(['HEAD team/copy', ...refused, ...refused]);
  });

  it.each([
    ['GET', {}],
    ['HEAD', {}],
    ['GET', { range: 'bytes=0-9' }],
    ['GET', { 'if-none-match': '"x"' }],
  ] as const)(
    'asks the registry the same whether others hold a blob or nobody does: %s %o',
    async (method, headers) => {
      const blob = noise(40_000);
      fixture.registry.put('team/app', blob);
      await fixture.pull('team/app', blob.digest);
      await kept(blob.digest);
      const file = join(fixture.directory, pathOf(blob.digest));
      const then = new Date(Date.now() - 3_600_000);
      await utimes(file, then, then);
      const asked: string[][] = [];
      for (const { digest } of [blob, noise(40_000)]) {
        fixture.registry.asked.length = 0;
        expect((await fixture.pull('team/other', digest, { method, headers })).status).toBe(404);
        asked.push([...fixture.registry.asked]);
      }
      expect(asked[0]).toEqual(asked[1]);
      // Asking has not made it look as if it were used.
      expect((await stat(file)).mtimeMs).toBe(then.getTime());
    },
  );

  it('after a deletion through the gate asks again', async () => {
    const blob = noise(40_000);
    fixture.registry.put('team/app', blob);
    await fixture.pull('team/app', blob.digest);
    await kept(blob.digest);
    expect((await fixture.pull('team/app', blob.digest, { method: 'DELETE' })).status).toBe(202);
    expect((await fixture.pull('team/app', blob.digest)).status).toBe(404);
    expect((await fixture.pull('team/app', blob.digest, { method: 'HEAD' })).status).toBe(404);
  });

  it('finds what was damaged on the disk, and fetches it anew', async () => {
    const blob = noise(60_000);
    fixture.registry.put('team/app', blob);
    await fixture.pull('team/app', blob.digest);
    await kept(blob.digest);
    await truncate(join(fixture.directory, pathOf(blob.digest)), 100);
    for (let at = 0; at < 2; at += 1) {
      const { body, whole } = await fixture.pull('team/app', blob.digest);
      expect([whole, body.equals(blob.bytes)]).toEqual([true, true]);
    }
  });
});

describe('a blob that is being taken in', () => {
  it('is fetched once for all who want it, and reaches them as it comes', async () => {
    const blob = noise(2_000_000);
    const half = 1_000_000;
    let goOn = (): void => undefined;
    fixture.registry.put('team/app', blob);
    fixture.registry.put('team/copy', blob);
    fixture.registry.takeover = (req, res) => {
      if (req.method !== 'GET') return false;
      res.writeHead(200, { 'Content-Length': blob.bytes.length });
      res.write(blob.bytes.subarray(0, half));
      goOn = () => res.end(blob.bytes.subarray(half));
      return true;
    };
    const seen = [0, 0, 0, 0, 0, 0];
    const pulls = seen.map((_, at) =>
      fixture.pull(at % 2 === 0 ? 'team/app' : 'team/copy', blob.digest, {
        onData: (bytes) => (seen[at] = bytes),
      }),
    );
    await until(
      () => (seen.every((bytes) => bytes === half) ? true : undefined),
      () => `seen so far: ${seen.join(' ')}`,
    );
    const part = fixture.pull('team/app', blob.digest, { headers: { range: 'bytes=999990-1000009' } });
    goOn();
    for (const { status, body, whole } of await Promise.all(pulls)) {
      expect([status, whole, body.equals(blob.bytes)]).toEqual([200, true, true]);
    }
    const { status, body } = await part;
    expect([status, body.equals(blob.bytes.subarray(999_990, 1_000_010))]).toEqual([206, true]);
    const gets = fixture.registry.asked.filter((asked) => asked.startsWith('GET'));
    expect(gets).toHaveLength(1);
  });

  it.each([
    ['in one piece', 1000, [1000]],
    ['in many', 900_000, [300_000, 300_000, 300_000]],
  ])(
    'is not what its digest says: nobody gets the whole, and nothing is kept, %s',
    async (_name, size, pieces) => {
      const blob = noise(size);
      const other = noise(size);
      fixture.registry.takeover = (_req, res) => {
        res.writeHead(200, { 'Content-Length': size });
        let at = 0;
        for (const piece of pieces) res.write(other.bytes.subarray(at, (at += piece)));
        res.end();
        return true;
      };
      const outcome = await fixture.pull('team/app', blob.digest).catch(() => undefined);
      expect(outcome?.whole ?? false).toBe(false);
      expect(outcome?.body.length ?? 0).toBeLessThan(size);
      await until(isClear, () => 'something is still being filled');
      expect(await fixture.kept()).not.toContain(pathOf(blob.digest));
      expect(fixture.gate.log.some((line) => line.includes('something else than was asked for'))).toBe(true);
    },
  );

  it('is cut where the registry breaks off, and nothing is kept', async () => {
    const blob = noise(500_000);
    fixture.registry.put('team/app', blob);
    fixture.registry.takeover = (req, res) => {
      if (req.method !== 'GET') return false;
      res.writeHead(200, { 'Content-Length': blob.bytes.length });
      res.write(blob.bytes.subarray(0, 400_000), () => res.destroy());
      return true;
    };
    const { whole, body } = await fixture.pull('team/app', blob.digest);
    expect(whole).toBe(false);
    expect(body.equals(blob.bytes.subarray(0, body.length))).toBe(true);
    await until(isClear, () => 'something is still being filled');
    expect(await fixture.kept()).not.toContain(pathOf(blob.digest));
  });

  it('is given up when nobody wants it any more', async () => {
    const blob = noise(500_000);
    let isLeft = false;
    fixture.registry.put('team/app', blob);
    fixture.registry.takeover = (req, res) => {
      if (req.method !== 'GET') return false;
      res.writeHead(200, { 'Content-Length': blob.bytes.length });
      res.write(blob.bytes.subarray(0, 100_000));
      res.once('close', () => (isLeft = true));
      return true;
    };
    await fixture.pull('team/app', blob.digest, { onData: (_bytes, leave) => leave() });
    await until(
      () => (isLeft ? true : undefined),
      () => 'the registry still sends',
    );
    await until(isClear, () => 'something is still being filled');
    fixture.registry.takeover = () => false;
    expect((await fixture.pull('team/app', blob.digest)).body.equals(blob.bytes)).toBe(true);
  });

  it('goes on for the others when the one who began it leaves', async () => {
    const blob = noise(500_000);
    let goOn = (): void => undefined;
    fixture.registry.put('team/app', blob);
    fixture.registry.takeover = (req, res) => {
      if (req.method !== 'GET') return false;
      res.writeHead(200, { 'Content-Length': blob.bytes.length });
      res.write(blob.bytes.subarray(0, 100_000));
      goOn = () => res.end(blob.bytes.subarray(100_000));
      return true;
    };
    let leave = (): void => undefined;
    let seen = 0;
    const first = fixture.pull('team/app', blob.digest, { onData: (_bytes, go) => (leave = go) });
    const second = fixture.pull('team/app', blob.digest, { onData: (bytes) => (seen = bytes) });
    await until(
      () => (seen === 100_000 ? true : undefined),
      () => `seen: ${seen}`,
    );
    leave();
    expect((await first).whole).toBe(false);
    goOn();
    const { body, whole } = await second;
    expect([whole, body.equals(blob.bytes)]).toEqual([true, true]);
  });
});
