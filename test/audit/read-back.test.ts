import { appendFile, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBack, type LogPlace } from '../../src/audit/read-back.ts';

let root: string;
let next = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gate-read-back-'));
});

afterAll(async () => rm(root, { recursive: true, force: true }));

const START = Date.parse('2026-11-01T00:00:00Z');
const MINUTE = 60_000;

/** A line of the minute `nth`. */
function line(nth: number, more: object = {}): string {
  return `${JSON.stringify({ time: new Date(START + nth * MINUTE).toISOString(), event: 'push', result: 'done', user: 'alice', nth, ...more })}\n`;
}

async function makeLog(text: string): Promise<string> {
  const path = join(root, `audit-${next++}.log`);
  await writeFile(path, text);
  return path;
}

interface Read {
  readonly nth: readonly unknown[];
  readonly next: LogPlace | undefined;
}

async function read(
  options: Partial<Parameters<typeof readBack>[0]> & { readonly path: string },
): Promise<Read> {
  const page = await readBack({ filter: {}, most: 3, ...options });
  return { nth: page.lines.map((fields) => fields['nth']), next: page.next };
}

/** All pages, one after the other. */
async function readAll(options: Parameters<typeof read>[0]): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let before: LogPlace | undefined;
  do {
    const page: Read = await read({ ...options, before });
    found.push(...page.nth);
    before = page.next;
  } while (before !== undefined);
  return found;
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
const backFrom = (count: number): readonly number[] => upTo(count).toReversed();

describe('an audit log is read from its end', () => {
  it('page by page, the newest line first, each line once', async () => {
    const path = await makeLog(
      upTo(10)
        .map((nth) => line(nth))
        .join(''),
    );
    const first = await read({ path });
    expect(first).toMatchObject({ nth: [9, 8, 7], next: { offset: line(0).length * 7 } });
    expect(await readAll({ path })).toEqual(backFrom(10));
  });

  it.each([1, 2, 3, 7, 1000])('in pages of %i over more than one piece of a file', async (most) => {
    const path = await makeLog(
      upTo(900)
        .map((nth) => line(nth, { reason: 'x'.repeat(300) }))
        .join(''),
    );
    expect(await readAll({ path, most })).toEqual(backFrom(900));
  });

  it('and on into what was moved away, from the newest file to the oldest', async () => {
    const path = await makeLog(line(4) + line(5));
    await writeFile(`${path}.1`, line(2) + line(3));
    await writeFile(`${path}-20261001`, line(0) + line(1));
    await writeFile(`${path}.2.gz`, 'no text');
    await writeFile(`${path}.bak`, line(99));
    await utimes(`${path}-20261001`, 1, 1);
    await utimes(`${path}.1`, 2, 2);
    expect(await readAll({ path })).toEqual(backFrom(6));
    expect(await readBack({ path, filter: {}, most: 9 })).toMatchObject({ isCompressed: true });
  });

  it('goes on at the same place after the file was moved away and another begun', async () => {
    const path = await makeLog(
      upTo(6)
        .map((nth) => line(nth))
        .join(''),
    );
    const { next: place } = await read({ path });
    await rename(path, `${path}.1`);
    await writeFile(path, line(6));
    expect(await read({ path, before: place })).toMatchObject({ nth: [2, 1, 0] });
    expect(await read({ path })).toMatchObject({ nth: [6, 5, 4] });
  });

  it('ends where the file of a place is gone', async () => {
    const path = await makeLog(line(0));
    expect(await read({ path, before: { inode: '1', offset: 5 } })).toEqual({ nth: [], next: undefined });
    const beyond = { inode: String(Number.MAX_SAFE_INTEGER), offset: 1e12 };
    expect(await read({ path, before: beyond })).toEqual({ nth: [], next: undefined });
  });

  it('reads no more than it may, and says where to go on', async () => {
    const path = await makeLog(
      line(0, { user: 'bob' }) +
        upTo(9000)
          .map((nth) => line(nth + 1))
          .join(''),
    );
    const filter = { user: 'bob' };
    const mostBytes = 256 * 1024;
    const first = await read({ path, filter, mostBytes });
    expect(first.nth).toEqual([]);
    expect(first.next?.offset).toBeGreaterThan(0);
    expect(await readAll({ path, filter, mostBytes })).toEqual([0]);
  });

  it('stops at lines that are older than what is asked for', async () => {
    const path = await makeLog(
      upTo(3000)
        .map((nth) => line(nth))
        .join(''),
    );
    const filter = { since: START + 2998 * MINUTE };
    expect(await read({ path, filter, most: 9 })).toEqual({ nth: [2999, 2998], next: undefined });
  });

  it('shows what is wanted by event and result', async () => {
    const path = await makeLog(line(0) + line(1, { result: 'failed' }) + line(2, { event: 'pull' }));
    const wants = (event: string, result: string): boolean => event === 'push' && result === 'failed';
    expect(await readAll({ path, filter: { wants } })).toEqual([1]);
  });

  it.each([
    ['no line end at the end', (text: string) => text.trimEnd(), [2, 1, 0]],
    ['a torn line', (text: string) => `${text}{"time":"2026`, [2, 1, 0]],
    ['lines that are none', (text: string) => `x\n\n[]\n${text}null\n\n`, [2, 1, 0]],
    ['a line of a megabyte', (text: string) => `${text}${'x'.repeat(1_000_000)}\n${line(3)}`, [3, 2, 1, 0]],
    ['nothing in it', () => '', []],
  ])('with %s', async (_name, change, expected) => {
    const path = await makeLog(
      change(
        upTo(3)
          .map((nth) => line(nth))
          .join(''),
      ),
    );
    expect(await readAll({ path })).toEqual(expected);
  });

  it('while lines are added', async () => {
    const path = await makeLog(
      upTo(5)
        .map((nth) => line(nth))
        .join(''),
    );
    const { next: place } = await read({ path });
    await appendFile(path, line(5));
    expect(await read({ path, before: place })).toMatchObject({ nth: [1, 0] });
  });

  it('is an error of the system where there is none', async () => {
    await expect(readBack({ path: join(root, 'none.log'), filter: {}, most: 1 })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
