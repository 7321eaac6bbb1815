import type { Server } from 'node:net';
import { AppError, systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';

export interface Place {
  readonly host: string | undefined;
  readonly port: number;
  /** The flag that names another place. */
  readonly flag: '--listen' | '--metrics';
}

/** Begins to listen. Rejects with AppError LISTEN_FAILED. */
export function listen(server: Server, place: Place, logger: Logger): Promise<void> {
  const { host, port } = place;
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, place)));
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.removeAllListeners('error');
      // A connection that could not be accepted is no reason to end all others.
      server.on('error', (error) =>
        logger.error({ error: systemCode(error) ?? error.name }, 'accept failed'),
      );
      resolve();
    });
  });
}

/** Takes no more connections, and resolves when the last one has ended. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}

function explain(error: Error, { host, port, flag }: Place): AppError {
  const code = systemCode(error);
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
