/** The signals that a server listens for. */
export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** The source of signals: the process. */
interface SignalSource {
  on(signal: Signal, listener: () => void): unknown;
}

/** How to handle a stop signal that comes during the start. */
interface EarlyStop {
  /** How long the start may continue, in milliseconds. */
  readonly patienceMs: number;
  /** Ends the process: the start took too long, or a second signal came. */
  readonly giveUp: (signal: Signal) => void;
}

/** Signals, including those that came before there was a listener. */
export interface EarlySignals {
  /** Calls the listener for each signal, and at once for one that came before, until the returned function is called. */
  onSignal(signal: Signal, listener: () => void): () => void;
  /** Whether a stop signal has come that no listener has received. */
  isStopAsked(): boolean;
}

const SIGNALS: readonly Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Keeps signals from now on for later listeners. Without it the kernel would drop signals to process 1 of a container, and
 * end any other process in the middle of its start.
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
