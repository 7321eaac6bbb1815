import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openUseLog } from '../../../../src/auth/tokens/store/use-log.ts';
import { Clock, DAY, START, makeFolder } from '../support.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let path = '';

beforeEach(async () => {
  folder = await makeFolder();
  path = join(folder.path, 'token-uses.json');
});

afterEach(async () => {
  vi.useRealTimers();
  await folder.close();
});

const written = async (): Promise<unknown> => JSON.parse(await readFile(path, 'utf8')).used;
const at = (time: number): string => new Date(time).toISOString();

describe('the log of uses', () => {
  it('writes a thousand uses once, a minute after the first', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const clock = new Clock();
    const log = await openUseLog({ path, now: clock.now });
    for (let i = 0; i < 1000; i += 1) {
      clock.at += 1;
      log.record('m-1');
    }
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(59_999);
    expect(await readdir(folder.path)).toEqual([]);
    expect(log.lastUse('m-1')).toBe(START + 1000);
    vi.advanceTimersByTime(1);
    vi.useRealTimers();
    await log.flush();
    expect(await written()).toEqual({ 'm-1': at(START + 1000) });
  });

  it('survives a restart', async () => {
    const clock = new Clock();
    const log = await openUseLog({ path, now: clock.now });
    log.record('m-1');
    await log.close();
    expect((await openUseLog({ path, now: clock.now })).lastUse('m-1')).toBe(START);
  });

  it('tells the others of uses, who remember the latest and leave the writing to it', async () => {
    const clock = new Clock();
    const told: unknown[] = [];
    const log = await openUseLog({ path, now: clock.now, onUses: (uses) => told.push(uses) });
    const other = await openUseLog({ path: join(folder.path, 'none.json'), now: clock.now });
    log.record('m-1');
    await log.flush();
    await log.flush();
    expect(told).toEqual([{ 'm-1': START }]);
    other.learn({ 'm-1': START, 'm-2': START });
    other.learn({ 'm-2': START - 1 });
    expect([other.lastUse('m-1'), other.lastUse('m-2')]).toEqual([START, START]);
    await other.close();
    expect(await readdir(folder.path)).toEqual(['token-uses.json']);
  });

  it('is shared by two gates: the later use counts', async () => {
    const clock = new Clock();
    const one = await openUseLog({ path, now: clock.now });
    const other = await openUseLog({ path, now: clock.now });
    one.record('m-1');
    other.record('m-2');
    clock.at += DAY;
    other.record('m-1');
    await other.flush();
    await one.flush();
    expect(await written()).toEqual({ 'm-1': at(START + DAY), 'm-2': at(START) });
  });

  it('forgets tokens that are gone', async () => {
    await writeFile(path, JSON.stringify({ version: 1, used: { old: at(START), 'm-1': at(START) } }));
    const log = await openUseLog({ path, now: () => START, isKnown: (id) => id === 'm-1' });
    log.record('m-1');
    await log.flush();
    expect(await written()).toEqual({ 'm-1': at(START) });
  });

  it('keeps nothing in memory of tokens that are gone, and takes none of them from others', async () => {
    let alive = ['d-1', 'd-2'];
    const log = await openUseLog({ path, now: () => START, isKnown: (id) => alive.includes(id) });
    for (const id of alive) log.record(id);
    alive = ['d-2'];
    await log.flush();
    log.learn({ 'd-1': START, 'd-2': START + 5, 'd-3': START });
    expect(['d-1', 'd-2', 'd-3'].map((id) => log.lastUse(id))).toEqual([undefined, START + 5, undefined]);
  });

  it('begins anew where the file is damaged, and says so', async () => {
    await writeFile(path, 'nonsense');
    const errors: unknown[] = [];
    const log = await openUseLog({ path, now: () => START, onError: (error) => errors.push(error) });
    expect([errors.length, log.lastUse('m-1')]).toEqual([1, undefined]);
  });

  it('keeps what it could not write for the next time', async () => {
    const errors: unknown[] = [];
    const inside = join(folder.path, 'later', 'uses.json');
    const log = await openUseLog({ path: inside, now: () => START, onError: (error) => errors.push(error) });
    log.record('m-1');
    await log.flush();
    expect(errors).toHaveLength(1);
    await mkdir(join(folder.path, 'later'));
    await log.flush();
    expect(JSON.parse(await readFile(inside, 'utf8')).used).toEqual({ 'm-1': at(START) });
  });
});
