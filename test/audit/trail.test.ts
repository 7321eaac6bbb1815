import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keyOf } from '../../src/audit/activity.ts';
import { factOf, type Fact } from '../../src/audit/fact.ts';
import { createReporter } from '../../src/audit/reporter.ts';
import { openTrail, type Trail } from '../../src/audit/trail.ts';
import type { Exchange } from '../../src/observe/exchange.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { DIGEST, OTHER, exchangeOf } from '../support/exchange.ts';

const silent = (): void => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

let folder: Folder;
let path: string;
let at: number;
let busy: string[];
let trail: Trail;
beforeEach(async () => {
  folder = await temporaryFolder('trail');
  path = join(folder.path, 'audit.log');
  at = 0;
  busy = [];
  const now = (): { at: number; time: number } => ({ at, time: Date.UTC(2026, 10, 22) + at });
  const underWay = async (): Promise<ReadonlySet<string>> => new Set(busy);
  trail = await openTrail({ path, chain: false, holdMs: 1000, underWay, logger, now });
});
afterEach(() => folder.close());

function fact(line: string, ended: number, change: Partial<Exchange> = {}): Fact {
  const made = factOf(exchangeOf(line, change), () => ({ at: ended, time: ended }));
  if (made === undefined) throw new Error(line);
  return made;
}

async function events(): Promise<Record<string, unknown>[]> {
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n').slice(0, -1);
  return lines
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter(({ event }) => event !== 'log');
}

describe('openTrail', () => {
  it('brings what several processes saw into the order in which it began', async () => {
    trail.record([fact(`GET /v2/app/manifests/${OTHER}`, 130, { digest: OTHER })]);
    trail.record([fact('PUT /v2/app/manifests/1', 60, { status: 201, digest: DIGEST })]);
    trail.record([fact(`PUT /v2/app/blobs/uploads/u?digest=${OTHER}`, 50, { status: 201 })]);
    // Its end was noted late; it began before what it led to.
    trail.record([fact('GET /v2/app/manifests/1', 140, { digest: DIGEST, milliseconds: 40 })]);
    await trail.close();
    expect(await events()).toMatchObject([
      { event: 'push', tag: '1', layers: { uploaded: 1 } },
      { event: 'pull', tag: '1', digest: DIGEST, manifests: 2 },
    ]);
  });

  it('waits for what is under way', async () => {
    const key = keyOf('pull', { user: 'alice', address: '192.0.2.7', repository: 'app' });
    const other = fact('GET /v2/other/manifests/1', 0, { digest: DIGEST });
    trail.record([fact('GET /v2/app/manifests/1', 0, { digest: DIGEST }), other]);
    busy = [key];
    at = 60_000;
    await expect.poll(events).toMatchObject([{ repository: 'other' }]);
    trail.record([fact(`GET /v2/app/blobs/${OTHER}`, at)]);
    at += 60_000;
    busy = [];
    await expect
      .poll(events)
      .toMatchObject([{ repository: 'other' }, { repository: 'app', layers: { fetched: 1 } }]);
    await trail.close();
  });

  it('has one line of JSON, whatever a text holds', async () => {
    const hostile = 'a\r\n{"event":"push"}\u2028\u001b[31m"\u0000';
    trail.record([fact('GET /v2/app/manifests/1', 0, { digest: DIGEST, user: hostile, rule: hostile })]);
    await trail.close();
    expect(await events()).toMatchObject([{ event: 'pull', user: hostile, rule: hostile }]);
  });
});

describe('createReporter', () => {
  it('hands facts on together, and says how many were lost', async () => {
    const sent: number[] = [];
    const lost: number[] = [];
    const reporter = createReporter(
      async (facts) => {
        sent.push(facts.length);
        if (sent.length === 2) throw new Error('gone');
      },
      (count) => void lost.push(count),
      () => ({ at: 0, time: 0 }),
    );
    reporter.observe(exchangeOf('GET /v2/'));
    for (let n = 0; n < 3; n += 1) reporter.observe(exchangeOf('GET /v2/app/manifests/1'));
    await expect.poll(() => sent).toEqual([3]);
    reporter.add({ kind: 'reload', action: 'users', isDone: true });
    await reporter.flush();
    await reporter.flush();
    expect(sent).toEqual([3, 1]);
    expect(lost).toEqual([1]);
  });
});
