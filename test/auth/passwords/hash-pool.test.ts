import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createHashPool } from '../../../src/auth/passwords/hash-pool.ts';
import type { HashPool, HashPoolOptions, HashVerdict } from '../../../src/auth/passwords/hash-pool.ts';
import { createHash } from '../../../src/auth/passwords/password-hash.ts';
import { run } from '../../support/programs.ts';

const APR1 = '$apr1$s$Hgc9MoaWe1Ieu1lEjENW6.';
const open: HashPool[] = [];
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gate-pool-'));
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

function pool(options: HashPoolOptions = {}): HashPool {
  const made = createHashPool(options);
  open.push(made);
  return made;
}

/** A pool whose threads run a text instead of the real worker. */
async function poolRunning(program: string, options: HashPoolOptions = {}): Promise<HashPool> {
  const path = join(folder, `${open.length}-${Date.now()}.mjs`);
  await writeFile(path, `import { parentPort } from 'node:worker_threads';\n${program}`);
  return pool({ size: 1, ...options, workerUrl: pathToFileURL(path) });
}

function count(verdicts: readonly HashVerdict[], wanted: HashVerdict): number {
  return verdicts.filter((verdict) => verdict === wanted).length;
}

describe('hash pool', () => {
  it('verifies in real threads', async () => {
    const { text } = await createHash('right');
    const verify = pool({ size: 2 }).verify;
    expect(
      await Promise.all([
        verify(text, 'right'),
        verify(text, 'wrong'),
        verify(APR1, 'pw'),
        verify(APR1, 'pv'),
      ]),
    ).toEqual(['match', 'mismatch', 'match', 'mismatch']);
  });

  it('answers each with its own verdict, however many there are', async () => {
    const made = pool({ size: 2 });
    const words = Array.from({ length: 40 }, (_, at) => (at % 3 === 0 ? 'pw' : `wrong${at}`));
    const verdicts = await Promise.all(words.map((word) => made.verify(APR1, word)));
    expect(verdicts).toEqual(words.map((word) => (word === 'pw' ? 'match' : 'mismatch')));
  });

  it('is busy beyond its queue, and well again after', async () => {
    const made = pool({ size: 1, queueLimit: 4 });
    const verdicts = await Promise.all(Array.from({ length: 10 }, () => made.verify(APR1, 'pw')));
    expect([count(verdicts, 'match'), count(verdicts, 'busy')]).toEqual([5, 5]);
    expect(await made.verify(APR1, 'pw')).toBe('match');
  });

  it('fails what a thread died over, and nothing else', async () => {
    const made = await poolRunning(`parentPort.on('message', ({ password }) => {
      if (password === 'die') process.exit(7);
      if (password === 'throw') throw new Error('no');
      parentPort.postMessage(true);
    });`);
    const words = ['a', 'die', 'b', 'throw', 'c'];
    expect(await Promise.all(words.map((word) => made.verify('', word)))).toEqual([
      'match',
      'failed',
      'match',
      'failed',
      'match',
    ]);
  });

  it('fails, rather than waits, where no thread can be started', async () => {
    const made = pool({ size: 1, workerUrl: pathToFileURL(join(folder, 'missing.mjs')) });
    expect(await Promise.all([made.verify('', 'a'), made.verify('', 'b')])).toEqual(['failed', 'failed']);
  });

  it('fails what is waiting when it is closed, and all that comes later', async () => {
    const made = await poolRunning(`parentPort.on('message', () => {});`);
    const waiting = [made.verify('', 'a'), made.verify('', 'b')];
    await made.close();
    expect(await Promise.all(waiting)).toEqual(['failed', 'failed']);
    expect(await made.verify('', 'c')).toBe('failed');
  });

  it('lets a process end that has no more to ask, and finish what it asked', async () => {
    const program = `import { createHashPool } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../src/auth/passwords/hash-pool.ts')))};
      console.log(await createHashPool().verify(${JSON.stringify(APR1)}, 'pw'));`;
    const ran = await run(process.execPath, ['--input-type=module', '-e', program]);
    expect([ran.status, ran.stdout]).toEqual([0, 'match\n']);
  });
});
