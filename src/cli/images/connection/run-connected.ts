import { AppError } from '../../../lib/errors.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { openConnections, type Connections } from './connections.ts';
import { stopOnSignals } from './stop-on-signals.ts';

/**
 * Runs a command with its connections, and ends them. The first Ctrl-C aborts the signal that the work gets, with AppError
 * INTERRUPTED as its reason; the second ends the process.
 */
export async function runConnected<T>(
  terminal: Terminal,
  options: ConnectionOptions,
  work: (connections: Connections, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = stopOnSignals(terminal, interrupted);
  const connections = await openConnections(options, terminal);
  try {
    return await work(connections, stop.signal);
  } finally {
    stop.forget();
    await connections.close();
  }
}

function interrupted(): AppError {
  return new AppError('INTERRUPTED', {
    message: 'Stopped. What was done before stays done.',
    hint: 'Run the command again to finish it.',
  });
}
