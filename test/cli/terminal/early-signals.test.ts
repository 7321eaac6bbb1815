import { describe, expect, it, vi } from 'vitest';
import { keepSignals, type Signal } from '../../../src/cli/terminal/early-signals.ts';

function stage(patienceMs = 60_000) {
  const listeners = new Map<Signal, () => void>();
  const giveUp = vi.fn<(signal: Signal) => void>();
  const source = { on: (signal: Signal, listener: () => void) => void listeners.set(signal, listener) };
  const signals = keepSignals(source, { patienceMs, giveUp });
  return { signals, giveUp, send: (signal: Signal) => listeners.get(signal)?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('M-D4: a signal before anybody listens', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s waits for the first who does, once', async (name) => {
    const { signals, send, giveUp } = stage();
    send(name);
    expect(signals.isStopAsked()).toBe(name !== 'SIGHUP');
    const [first, second] = [vi.fn<() => void>(), vi.fn<() => void>()];
    signals.onSignal(name, first);
    signals.onSignal(name, second);
    await turn();
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 0]);
    expect(signals.isStopAsked()).toBe(false);
    send(name);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([2, 1]);
    expect(giveUp).not.toHaveBeenCalled();
  });

  it('a second stop ends the process where it stands', () => {
    const { send, giveUp } = stage();
    send('SIGTERM');
    expect(giveUp).not.toHaveBeenCalled();
    send('SIGINT');
    expect(giveUp.mock.calls).toEqual([['SIGINT']]);
  });

  it('a reload and a stop are two things', () => {
    const { signals, send, giveUp } = stage();
    send('SIGHUP');
    send('SIGTERM');
    expect(giveUp).not.toHaveBeenCalled();
    expect(signals.isStopAsked()).toBe(true);
  });

  it('so does a start that takes too long, and not one that is heard in time', async () => {
    vi.useFakeTimers();
    try {
      const late = stage(1000);
      late.send('SIGTERM');
      vi.advanceTimersByTime(1000);
      expect(late.giveUp).toHaveBeenCalledTimes(1);
      const timely = stage(1000);
      timely.send('SIGTERM');
      timely.signals.onSignal('SIGTERM', () => undefined);
      vi.advanceTimersByTime(5000);
      expect(timely.giveUp).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  it('no more is heard after leaving', async () => {
    const { signals, send } = stage();
    const listener = vi.fn<() => void>();
    signals.onSignal('SIGHUP', listener)();
    send('SIGHUP');
    await turn();
    expect(listener).not.toHaveBeenCalled();
  });
});
