import { Server } from 'node:net';
import { AppError, systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';

export interface Place {
  readonly host: string | undefined;
  readonly port: number;
  /** The number of a descriptor instead: a socket that listens already. */
  readonly fd?: number;
  /** The flag that names another place. */
  readonly flag: '--listen' | '--metrics';
}

/** Begins to listen. Rejects with AppError LISTEN_FAILED. */
export function listen(server: Server, place: Place, logger: Logger): Promise<void> {
  const { host, port, fd } = place;
  // Exclusive: each worker takes connections from the socket itself. What the primary had taken and handed to nobody yet
  // would be lost when the workers stop.
  const where =
    fd === undefined ? { port, ...(host === undefined ? {} : { host }) } : { fd, exclusive: true };
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, place)));
    server.listen(where, () => {
      server.removeAllListeners('error');
      // A connection that could not be accepted is no reason to end all others.
      server.on('error', (error) =>
        logger.error({ error: systemCode(error) ?? error.name }, 'accept failed'),
      );
      resolve();
    });
  });
}

/**
 * Takes no more connections, and resolves when the last one has ended. The close of an HTTP server would also end those
 * between two requests, at a moment when the next one may be on its way.
 */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    Server.prototype.close.call(server, () => {
      resolve();
      // Gives back the timer that looks at connections. There are none, but the TLS side of the last one ends in this turn.
      setImmediate(() => void server.close());
    });
  });
}

function explain(error: Error, { host, port, fd, flag }: Place): AppError {
  const code = systemCode(error);
  if (fd !== undefined) {
    return new AppError('LISTEN_FAILED', {
      message: `Descriptor ${fd} is no socket to listen on (${code ?? error.message}).`,
      hint: 'Start the gate from systemd with a .socket unit (docs/operations.md), or name an address: --listen :443',
      cause: error,
    });
  }
  const place = `${host ?? '*'}:${port}`;
  const other = flag === '--listen' ? '--listen :8443' : '--metrics 9465';
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: `Another program has it. See which: ss -ltnp 'sport = :${port}'. Or choose another: ${other}`,
    EACCES: `Ports below 1024 need a right: run as root, or sysctl net.ipv4.ip_unprivileged_port_start=0, or ${other}`,
    EADDRNOTAVAIL:
      flag === '--listen'
        ? 'This machine does not have that address. Use --listen :443 for all that it has.'
        : `This machine does not have that address. Use this machine alone: ${other}`,
  };
  return new AppError('LISTEN_FAILED', {
    message: `Can't listen on ${place} (${code ?? error.message}).`,
    hint: hints[code ?? ''] ?? `Choose another address with ${flag} HOST:PORT.`,
    cause: error,
  });
}
