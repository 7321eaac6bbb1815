import type { AppError } from '../../../lib/errors.ts';
import type { Terminal } from '../../terminal/terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Stop {
  readonly signal: AbortSignal;
  /** Listens no more: a signal then ends the process. */
  forget(): void;
}

/** Lets the first Ctrl-C abort a signal, with this reason. The second one ends the process. */
export function stopOnSignals(terminal: Pick<Terminal, 'onSignal'>, reason: () => AppError): Stop {
  const stop = new AbortController();
  const listeners = SIGNALS.map((signal) => terminal.onSignal(signal, () => onSignal()));
  const forget = (): void => {
    for (const off of listeners) off();
  };
  const onSignal = (): void => {
    forget();
    stop.abort(reason());
  };
  return { signal: stop.signal, forget };
}
