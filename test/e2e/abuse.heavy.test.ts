import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRedis } from '../auth/abuse/support.ts';
import { PASSWORD, USER, gateCommand, startGate } from '../support/gate-process.ts';
import { temporaryFolder, type Folder, type Ran } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { basic } from '../support/test-gate.ts';
import { startWorkers, type WorkersFixture } from './workers-fixture.ts';

/** Fewer than by default: the answers to the last of ten take seconds. */
const LIMIT = 5;

let folder: Folder;
let fixture: WorkersFixture;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  folder = await temporaryFolder('abuse');
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await folder.close();
});

async function start(more = ''): Promise<void> {
  const path = join(folder.path, 'registry-gate.yml');
  await writeFile(path, `abuse: {wrongPasswords: ${LIMIT}${more}}\n`);
  fixture = await startWorkers(['--config', path]);
  closing.push(() => fixture.close());
}

/** Over a connection of its own: the workers take turns. */
async function guesses(count: number, name: string, url = ''): Promise<number[]> {
  const statuses: number[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const { status } = await fixture.ask('GET', `${url}/v2/`, {
      authorization: basic(USER, `${name} ${nth}`),
    });
    statuses.push(status);
  }
  return statuses;
}

const signsIn = async (): Promise<number> =>
  (await fixture.ask('GET', '/v2/', { authorization: basic(USER, PASSWORD) })).status;

const abuse = (...args: readonly string[]): Promise<Ran> =>
  gateCommand(['abuse', ...args, '--certs', fixture.certs]);

const blocked = [...Array.from({ length: LIMIT }, () => 401), 429, 429, 429];

describe('workers', () => {
  it('count together, say it once, list it, unlock it, and let nobody out who was right', async () => {
    await start();
    expect(await signsIn()).toBe(200);
    expect(await guesses(LIMIT + 3, 'guess')).toEqual(blocked);
    expect(await signsIn()).toBe(200);
    await fixture.untilLogged('password guessing blocked');
    expect(fixture.logged('password guessing blocked', 'user')).toEqual([USER]);

    const rows = JSON.parse((await abuse('list', '--json')).stdout);
    expect(rows[0]).toMatchObject({
      kind: 'user-and-network',
      user: USER,
      network: '127.0.0.1',
      failures: LIMIT,
    });
    expect(rows[0].blockedSeconds).toBeGreaterThan(0);
    expect((await abuse('unlock', USER)).output).toMatch(/^Forgotten: 2 counts of alice\.$/m);
    expect(await guesses(1, 'after')).toEqual([401]);
    expect((await abuse('unlock', '--all')).status).toBe(0);
    expect(JSON.parse((await abuse('list', '--json')).stdout)).toEqual([]);
  });

  it('leave no gate to ask behind', async () => {
    await start();
    await fixture.gate.close();
    const { status, output } = await abuse('list');
    expect(status).toBe(1);
    expect(output).toMatch(/No gate runs with the state directory/);
  });
});

describeWith(['redis-server'], 'gates that share a Redis', () => {
  it('count together, and are unlocked together', async () => {
    const redis = await startRedis();
    closing.push(() => redis.close());
    await start(`, redis: "${redis.url}"`);
    expect(await guesses(LIMIT + 3, 'guess')).toEqual(blocked);
    const other = await startGate({
      certs: fixture.certs,
      backend: 'http://127.0.0.1:9',
      args: ['--config', join(folder.path, 'registry-gate.yml')],
    });
    closing.push(() => other.close());
    expect(await guesses(2, 'elsewhere', other.url)).toEqual([429, 429]);
    expect(JSON.parse((await abuse('list', '--json')).stdout)).toHaveLength(3);
    expect((await abuse('unlock', USER)).status).toBe(0);
    expect(await guesses(1, 'after', other.url)).toEqual([401]);
    expect([...fixture.gate.log, ...other.log].join('\n')).not.toContain(redis.url);
  });
});
