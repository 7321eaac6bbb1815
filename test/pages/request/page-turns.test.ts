import { describe, expect, it } from 'vitest';
import { PageTurns } from '../../../src/pages/request/page-turns.ts';

const BUSY = { problem: 'busy' };

/** Pages that are made until the test ends them, and the names of those that have begun. */
function stage(turns: PageTurns) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (name: string, signal?: AbortSignal): Promise<string> =>
    turns.run({ owner: name.split('-', 1)[0] ?? '', signal }, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
  return { begun, ask, end: (name: string) => ends.get(name)?.() };
}

describe('the turns of pages', () => {
  it('are two for one owner, and hold up nobody else', async () => {
    const { begun, ask, end } = stage(new PageTurns());
    const [first, second, third] = [ask('a-1'), ask('a-2'), ask('a-3')];
    const other = ask('b-1');
    expect(begun).toEqual(['a-1', 'a-2', 'b-1']);
    end('a-2');
    await second;
    expect(begun).toEqual(['a-1', 'a-2', 'b-1', 'a-3']);
    for (const name of ['a-1', 'a-3', 'b-1']) end(name);
    expect(await Promise.all([first, third, other])).toEqual(['a-1', 'a-3', 'b-1']);
  });

  it('are eight in all; of those that wait, eight for one owner and 64 in all', async () => {
    const { begun, ask, end } = stage(new PageTurns());
    const owners = Array.from({ length: 10 }, (_, at) => String.fromCharCode(97 + at));
    const asked = owners.map((owner) => {
      const all = Array.from({ length: 11 }, (_, at) => ask(`${owner}-${at}`));
      return all.map((page) => page.catch((error: unknown) => error));
    });
    expect(begun).toHaveLength(8);
    // The first four have two under way, eight that wait, and one too many.
    expect(await asked[0]?.[10]).toMatchObject(BUSY);
    expect(await asked[4]?.[8]).toMatchObject(BUSY);
    // 8 × 8 wait: the ninth owner finds no place.
    expect(await asked[8]?.[0]).toMatchObject(BUSY);
    for (let at = 0; at < 72; at += 1) {
      await expect.poll(() => begun.length).toBeGreaterThan(at);
      end(begun[at] ?? '');
    }
    const made = (await Promise.all(asked.flat())).filter((it) => typeof it === 'string');
    expect(made).toHaveLength(72);
  });

  it('are given back by a page that fails', async () => {
    const turns = new PageTurns();
    const fail = (): Promise<never> =>
      turns.run({ owner: 'a', signal: undefined }, () => {
        throw new Error('no');
      });
    for (let at = 0; at < 20; at += 1) await expect(fail()).rejects.toThrow('no');
    expect(await turns.run({ owner: 'a', signal: undefined }, () => 1)).toBe(1);
  });

  it('are not waited for by a browser that has gone, nor for ever', async () => {
    const { begun, ask, end } = stage(new PageTurns(20));
    const gone = new AbortController();
    const [first, second] = [ask('a-1'), ask('a-2')];
    const third = ask('a-3', gone.signal);
    gone.abort(new Error('gone'));
    await expect(third).rejects.toThrow('gone');
    await expect(ask('a-4')).rejects.toMatchObject(BUSY);
    for (const name of ['a-1', 'a-2']) end(name);
    await Promise.all([first, second]);
    expect(begun).toEqual(['a-1', 'a-2']);
  });
});
