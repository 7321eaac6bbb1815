import { AppError } from '../../../lib/errors.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { openConnections, type Connections } from './connections.ts';
import { stopOnSignals } from './stop-on-signals.ts';

/**
 * Runs a command with its connections, and ends them. The first Ctrl-C ends what is asked of registries, and aborts the
 * signal that the work gets, with AppError INTERRUPTED as its reason; the second ends the process.
 */
export async function runConnected<T>(
  terminal: Terminal,
  options: ConnectionOptions,
  work: (connections: Connections, signal: AbortSignal) => Promise<T>,
  reason = interrupted,
): Promise<T> {
  const { signal, forget } = stopOnSignals(terminal, reason);
  let connections: Connections | undefined;
  try {
    connections = await openConnections(options, terminal, signal);
    return await work(connections, signal);
  } catch (error) {
    // What fails after Ctrl-C fails because of it.
    throw signal.aborted ? signal.reason : error;
  } finally {
    forget();
    await connections?.close();
  }
}

function interrupted(): AppError {
  return new AppError('INTERRUPTED', {
    message: 'Stopped. What was done before stays done.',
    hint: 'Run the command again to finish it.',
  });
}
