import { describe, expect, it, vi } from 'vitest';
import { AppError, systemCode } from '../../src/lib/errors.ts';
import type { Bus } from '../../src/cluster/bus.ts';
import { Supervisor } from '../../src/cluster/supervisor.ts';
import { describeFailure, CUT, FAILED, STARTED, STOP } from '../../src/cluster/lifecycle.ts';
import { createBroker } from '../../src/cluster/broker.ts';
import { CRASH, startFake, type FakeProcess, type Life } from './fake-process.ts';

const IN_USE = new AppError('LISTEN_FAILED', {
  message: "Can't listen on *:443 (EADDRINUSE).",
  hint: 'Choose another.',
  cause: Object.assign(new Error('listen'), { code: 'EADDRINUSE' }),
});

const works: Life = (bus) => {
  bus.handle(STOP, () => undefined);
  void bus.request(STARTED, { addresses: [`from ${bus.slot}`], ports: [bus.slot] });
};

const fails: Life = (bus, end) => {
  void bus.request(FAILED, describeFailure(IN_USE)).then(() => end({ code: 1, signal: undefined }));
};

interface Stage {
  readonly supervisor: Supervisor;
  /** In the order of their start. */
  readonly forked: readonly FakeProcess[];
  readonly log: readonly string[];
}

/** The n-th life is that of the n-th process; the last one is that of all that follow. */
function stage(size: number, lives: readonly Life[], stopMs = 60_000): Stage {
  const forked: FakeProcess[] = [];
  const log: string[] = [];
  const write = (_fields: object, message: string): void => void log.push(message);
  const supervisor = new Supervisor({
    size,
    broker: createBroker(),
    fork: (slot) => {
      const made = startFake(slot, size, lives[forked.length] ?? lives.at(-1) ?? works);
      forked.push(made);
      return made;
    },
    logger: { info: write, warn: write, error: write, debug: write },
    stopMs,
    restartMs: 1,
  });
  return { supervisor, forked, log };
}

describe('a supervisor that starts its workers', () => {
  it('says where it listens once all do', async () => {
    const { supervisor, forked } = stage(3, [works]);
    expect(await supervisor.start()).toEqual({ addresses: ['from 0'], ports: [0] });
    // What a worker that replaces another one is told, the first one included.
    expect(supervisor.listening?.ports).toEqual([0]);
    expect(forked.map(({ slot, isAlive }) => [slot, isAlive])).toEqual([
      [0, true],
      [1, true],
      [2, true],
    ]);
    await supervisor.stop();
  });

  it('starts one worker first', async () => {
    let go: () => void = () => undefined;
    const waits: Life = (bus, end) => void (go = () => works(bus, end));
    const { supervisor, forked } = stage(3, [waits, works]);
    const started = supervisor.start();
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(forked).toHaveLength(1);
    go();
    await started;
    expect(forked).toHaveLength(3);
    await supervisor.stop();
  });

  it.each([
    { who: 'the first worker', lives: [fails], started: 1 },
    { who: 'another one', lives: [works, fails], started: 3 },
  ])('fails with the error of $who, and leaves no worker behind', async ({ lives, started }) => {
    const { supervisor, forked, log } = stage(3, lives);
    const error: unknown = await supervisor.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'LISTEN_FAILED', message: IN_USE.message, hint: IN_USE.hint });
    expect(error instanceof Error && systemCode(error.cause)).toBe('EADDRINUSE');
    expect(forked.map(({ isAlive }) => isAlive)).toEqual(Array.from({ length: started }, () => false));
    expect(log).toEqual([]);
  });

  it('fails where a worker dies before it listens', async () => {
    const { supervisor } = stage(2, [(_bus, end) => end(CRASH)]);
    await expect(supervisor.start()).rejects.toThrow('a worker ended while it started (SIGSEGV)');
  });

  it('keeps the stack of what is no error for people', async () => {
    const bug = new TypeError('x is not a function');
    const { supervisor } = stage(1, [(bus) => void bus.request(FAILED, describeFailure(bug))]);
    await expect(supervisor.start()).rejects.toMatchObject({ message: bug.message, stack: bug.stack });
  });
});

describe('a supervisor whose worker dies', () => {
  it('replaces it in its place, and leaves the others alone', async () => {
    const { supervisor, forked, log } = stage(3, [works]);
    await supervisor.start();
    forked[1]?.end(CRASH);
    await vi.waitFor(() => expect(log).toEqual(['worker died', 'worker replaced']));
    expect(forked.map(({ slot, isAlive }) => [slot, isAlive])).toEqual([
      [0, true],
      [1, false],
      [2, true],
      [1, true],
    ]);
    await supervisor.stop();
    expect(forked.some(({ isAlive }) => isAlive)).toBe(false);
    expect(forked.some(({ killed }) => killed)).toBe(false);
  });

  it('tries again where the new one can not start, as long as somebody serves', async () => {
    const { supervisor, forked, log } = stage(2, [works, works, fails, fails, works]);
    await supervisor.start();
    forked[0]?.end(CRASH);
    await vi.waitFor(() => expect(log.at(-1)).toBe('worker replaced'));
    expect(log).toEqual(['worker died', 'worker not replaced', 'worker not replaced', 'worker replaced']);
    expect(forked.map(({ slot, isAlive }) => [slot, isAlive])).toEqual([
      [0, false],
      [1, true],
      [0, false],
      [0, false],
      [0, true],
    ]);
    await supervisor.stop();
  });

  it('is lost with the error of the new one where no worker is left', async () => {
    const { supervisor, forked } = stage(2, [works, works, fails]);
    await supervisor.start();
    for (const one of forked) one.end(CRASH);
    await expect(supervisor.lost).rejects.toMatchObject({ code: 'LISTEN_FAILED', message: IN_USE.message });
    await supervisor.stop();
    expect(forked.some(({ isAlive }) => isAlive)).toBe(false);
  });
});

describe('a supervisor that stops', () => {
  it('waits until each worker has let its transfers end, and replaces none', async () => {
    const letEnd: (() => void)[] = [];
    const cut: number[] = [];
    const drains = (bus: Bus): void => {
      bus.handle(STOP, () => new Promise<undefined>((resolve) => letEnd.push(() => resolve(undefined))));
      bus.handle(CUT, () => void cut.push(bus.slot));
      void bus.request(STARTED, { addresses: [], ports: [] });
    };
    const { supervisor, forked, log } = stage(3, [drains]);
    await supervisor.start();
    let stopped = false;
    const stopping = supervisor.stop().then(() => (stopped = true));
    await vi.waitFor(() => expect(letEnd).toHaveLength(3));
    supervisor.cut();
    await vi.waitFor(() => expect(cut.toSorted()).toEqual([0, 1, 2]));
    expect(stopped).toBe(false);
    forked[2]?.end(CRASH);
    letEnd.forEach((end) => end());
    await stopping;
    expect(forked.map(({ isAlive, killed }) => isAlive || killed)).toEqual([false, false, false]);
    expect(log).toEqual([]);
  });

  it('kills the worker that does not end', async () => {
    const hangs: Life = (bus) => {
      bus.handle(STOP, () => new Promise<undefined>(() => undefined));
      void bus.request(STARTED, { addresses: [], ports: [] });
    };
    const { supervisor, forked } = stage(2, [works, hangs], 1);
    await supervisor.start();
    await supervisor.stop();
    expect(forked.map(({ isAlive }) => isAlive)).toEqual([false, false]);
    expect(forked[1]?.killed).toBe(true);
  });

  it('does not wait for a worker that is being started', async () => {
    const { supervisor, forked } = stage(2, [works, works, () => undefined]);
    await supervisor.start();
    forked[1]?.end(CRASH);
    await vi.waitFor(() => expect(forked).toHaveLength(3));
    await supervisor.stop();
    expect(forked.map(({ isAlive }) => isAlive)).toEqual([false, false, false]);
  });
});
