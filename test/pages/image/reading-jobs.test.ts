import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ReadingJobs, type Asker, type Reading } from '../../../src/pages/image/files/thread/reading-jobs.ts';

type Work = Parameters<ReadingJobs<string>['ask']>[2];

const FOR_EVER = new Promise<void>(() => undefined);
const waitingFor = (owner: string): Asker => ({ owner, patience: FOR_EVER });
const leaving = (owner: string): Asker => ({ owner, patience: Promise.resolve() });

/** Jobs of two at once, whose work ends when the test says so. */
function startJobs(waiting = 100) {
  const jobs = new ReadingJobs<string>({ mostBytes: 1000, atOnce: 2, waiting });
  const begun: string[] = [];
  const aborted: string[] = [];
  const ends = new Map<string, () => void>();
  const work =
    (key: string): Work =>
    async ({ signal }: Reading) => {
      begun.push(key);
      signal.addEventListener('abort', () => aborted.push(key));
      await new Promise<void>((resolve) => {
        ends.set(key, resolve);
        signal.addEventListener('abort', () => resolve());
      });
      signal.throwIfAborted();
      return { value: key, bytes: 1 };
    };
  const ask = (key: string, asker: Asker) => jobs.ask(key, asker, work(key));
  return { begun, aborted, ask, end: (key: string) => ends.get(key)?.() };
}

function fakeTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
}

describe('jobs of several owners', () => {
  it('take turns: who has a hundred of them leaves a place for who has one', async () => {
    const { begun, ask, end } = startJobs(200);
    const many = Array.from({ length: 100 }, (_none, at) => ask(`mallory ${at}`, waitingFor('mallory')));
    const one = ask('bob', waitingFor('bob'));
    expect(begun).toEqual(['mallory 0', 'bob']);
    const other = ask('carol', waitingFor('carol'));
    end('mallory 0');
    await many[0];
    expect(begun).toEqual(['mallory 0', 'bob', 'mallory 1']);
    end('bob');
    await one;
    expect(begun.at(-1)).toBe('carol');
    end('carol');
    expect(await other).toEqual({ kind: 'done', value: 'carol' });
  });

  it('leave a place in the line too: who fills it loses one to who has none', async () => {
    const { ask } = startJobs(10);
    const many = Array.from({ length: 20 }, (_none, at) => ask(`mallory ${at}`, waitingFor('mallory')));
    expect(await Promise.all(many.slice(11))).toEqual(Array.from({ length: 9 }, () => ({ kind: 'refused' })));
    await ask('dave', leaving('dave'));
    expect((await ask('bob', leaving('bob'))).kind).toBe('running');
    expect(await many[10]).toEqual({ kind: 'refused' });
  });

  it('do not keep a job back that another one asks for too', async () => {
    const { begun, ask } = startJobs();
    for (let at = 0; at < 9; at += 1) void ask(`shared ${at}`, waitingFor('mallory'));
    void ask('shared 8', waitingFor('bob'));
    expect(begun).toEqual(['shared 0', 'shared 8']);
  });

  it('are never more at once than there may be, however turns are handed over', async () => {
    const jobs = new ReadingJobs<number>({ mostBytes: 1000, atOnce: 2, waiting: 100 });
    let active = 0;
    let most = 0;
    const asked = Array.from({ length: 60 }, (_none, at) =>
      jobs.ask(`job ${at}`, waitingFor(`owner ${at % 7}`), async () => {
        active += 1;
        most = Math.max(most, active);
        for (let turn = 0; turn < at % 5; turn += 1) await Promise.resolve();
        active -= 1;
        return { value: at, bytes: 1 };
      }),
    );
    expect((await Promise.all(asked)).every(({ kind }) => kind === 'done')).toBe(true);
    expect(most).toBe(2);
  });
});

describe('jobs that nobody waits for', () => {
  it('are ended where they run, and lose their turn where they wait', async () => {
    fakeTime();
    const { begun, aborted, ask } = startJobs();
    await ask('first', leaving('alice'));
    await ask('second', leaving('alice'));
    await vi.advanceTimersByTimeAsync(19_000);
    expect(aborted).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect([begun, aborted]).toEqual([['first'], ['first']]);
    void ask('third', waitingFor('alice'));
    await vi.advanceTimersByTimeAsync(1);
    expect(begun).toEqual(['first', 'third']);
  });

  it('go on while a page comes back for them', async () => {
    fakeTime();
    const { aborted, ask, end } = startJobs();
    for (let at = 0; at < 10; at += 1) {
      expect((await ask('layer', leaving('alice'))).kind).toBe('running');
      await vi.advanceTimersByTimeAsync(15_000);
    }
    const state = ask('layer', waitingFor('alice'));
    await vi.advanceTimersByTimeAsync(100_000);
    end('layer');
    expect(await state).toEqual({ kind: 'done', value: 'layer' });
    expect(aborted).toEqual([]);
  });

  it('begin again for who asks later', async () => {
    fakeTime();
    const { begun, ask, end } = startJobs();
    await ask('layer', leaving('alice'));
    await vi.advanceTimersByTimeAsync(21_000);
    const state = ask('layer', waitingFor('bob'));
    end('layer');
    expect(await state).toEqual({ kind: 'done', value: 'layer' });
    expect(begun).toEqual(['layer', 'layer']);
  });
});
