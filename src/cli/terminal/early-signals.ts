/** The signals that a server listens for. */
export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** Where signals come from: the process. */
interface SignalSource {
  on(signal: Signal, listener: () => void): unknown;
}

/** What is done about a stop that comes before the server listens for one. */
interface EarlyStop {
  /** How long the start may go on, in milliseconds. */
  readonly patienceMs: number;
  /** Ends the process: the start took too long, or a second signal came. */
  readonly giveUp: (signal: Signal) => void;
}

/** Keeps what comes before anybody listens. */
export interface EarlySignals {
  /** Calls back for each signal, for one that came before at once, until the returned function is called. */
  onSignal(signal: Signal, listener: () => void): () => void;
  /** Whether a stop has come that nobody has heard yet. */
  isStopAsked(): boolean;
}

const SIGNALS: readonly Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Listens for signals from now on. As process 1 of a container a program is not ended by a signal that it does not
 * listen for: the kernel drops it. And where it is ended, it is ended in the middle of its start.
 */
export function keepSignals(source: SignalSource, { patienceMs, giveUp }: EarlyStop): EarlySignals {
  const listeners = new Map<Signal, Set<() => void>>(SIGNALS.map((signal) => [signal, new Set()]));
  const kept = new Set<Signal>();
  let timer: NodeJS.Timeout | undefined;
  const isStopAsked = (): boolean => kept.has('SIGTERM') || kept.has('SIGINT');

  const keep = (signal: Signal): void => {
    if (signal !== 'SIGHUP' && isStopAsked()) giveUp(signal);
    kept.add(signal);
    if (signal !== 'SIGHUP') timer ??= setTimeout(() => giveUp(signal), patienceMs).unref();
  };
  for (const signal of SIGNALS) {
    source.on(signal, () => {
      const all = listeners.get(signal);
      if (all === undefined || all.size === 0) keep(signal);
      else for (const listener of all) listener();
    });
  }
  return {
    isStopAsked,
    onSignal: (signal, listener) => {
      listeners.get(signal)?.add(listener);
      if (kept.delete(signal)) queueMicrotask(listener);
      if (!isStopAsked()) {
        clearTimeout(timer);
        timer = undefined;
      }
      return () => void listeners.get(signal)?.delete(listener);
    },
  };
}
