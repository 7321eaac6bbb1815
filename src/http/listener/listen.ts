import { createServer, Server, type ListenOptions, isIPv4 } from 'node:net';
import { AppError, systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Config } from '../../config/schema/schema.ts';

type Addresses = Config['listen'];

/**
 * Returns the sockets that serve these addresses. Servers of one port share the wildcards of IPv4 and IPv6 as in nginx:
 * `0.0.0.0:443` and `[::]:443` are two sockets, the second of which accepts no IPv4. An address that another one of the
 * list covers gets no socket, since the system would refuse it.
 */
export function listenPlaces(addresses: Addresses): readonly Omit<ListenPlace, 'flag'>[] {
  return addresses
    .filter((address) => !addresses.some((other) => other !== address && covers(other, address)))
    .map((address) => (needsIPv6Alone(address, addresses) ? { ...address, ipv6Only: true } : address));
}

/** Reports whether a socket on `wide` also accepts connections to `narrow`. An address without a host stands for IPv4 and IPv6. */
function covers(wide: Addresses[number], narrow: Addresses[number]): boolean {
  if (!isSamePort(wide, narrow) || wide.host === narrow.host) return false;
  if (wide.host === undefined) return true;
  if (narrow.host === undefined) return false;
  return wide.host === (isIPv4(narrow.host) ? '0.0.0.0' : '::') && isAddress(narrow.host);
}

function needsIPv6Alone(address: Addresses[number], addresses: Addresses): boolean {
  return (
    address.host === '::' &&
    addresses.some((other) => isSamePort(address, other) && other.host !== undefined && isIPv4(other.host))
  );
}

/** With port 0 each address gets a port of its own. */
function isSamePort(one: Addresses[number], other: Addresses[number]): boolean {
  return one.fd === undefined && other.fd === undefined && one.port !== 0 && one.port === other.port;
}

/** A name may stand for addresses of both families. */
function isAddress(host: string): boolean {
  return isIPv4(host) || host.includes(':');
}

export interface ListenPlace {
  readonly host: string | undefined;
  readonly port: number;
  /** The number of a descriptor to use instead: a socket that listens already. */
  readonly fd?: number;
  /** Whether it accepts no IPv4, for which there is another socket. */
  readonly ipv6Only?: boolean;
  /** Whether the other workers of this gate have sockets of their own on the same port: `first` if none of them listens yet. */
  readonly shared?: 'first' | 'next' | undefined;
  /** The flag that sets another place. */
  readonly flag: '--listen' | '--metrics' | '--redirect-listen';
}

/** Starts to listen. Rejects with AppError LISTEN_FAILED. */
export async function listen(server: Server, place: ListenPlace, logger: Logger): Promise<void> {
  try {
    if (place.shared === 'first' && place.port !== 0) await assertFree(place);
    await open(server, place);
  } catch (error) {
    throw explain(error, place);
  }
  // The failure to accept one connection must not end the others.
  server.on('error', (error) => logger.error({ error: systemCode(error) ?? error.name }, 'accept failed'));
}

/** A port that workers share could be shared with another program that does the same, such as another gate. */
async function assertFree(place: ListenPlace): Promise<void> {
  const probe = createServer((socket) => socket.destroy());
  await start(probe, { ...whereOf(place), exclusive: true });
  await new Promise((resolve) => probe.close(resolve));
}

/**
 * Each worker has a socket of its own on the port, and the system distributes new connections among them. Where the
 * system can't (macOS, Windows), all workers accept connections from one socket.
 */
async function open(server: Server, place: ListenPlace): Promise<void> {
  const { fd, shared } = place;
  // Exclusive: each worker accepts connections from the socket itself.
  if (fd !== undefined) return start(server, { fd, exclusive: true });
  if (shared === undefined) return start(server, whereOf(place));
  try {
    await start(server, { ...whereOf(place), reusePort: true });
  } catch (error) {
    if (systemCode(error) !== 'ENOTSUP') throw error;
    await start(server, whereOf(place));
  }
}

function whereOf({ host, port, ipv6Only = false }: ListenPlace): ListenOptions {
  return { port, ipv6Only, ...(host === undefined ? {} : { host }) };
}

function start(server: Server, where: ListenOptions & { readonly fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/**
 * Accepts no more connections, and resolves when the last one has ended. `close` of an HTTP server would also end those
 * between two requests, while the next request may be on its way.
 */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    Server.prototype.close.call(server, () => {
      resolve();
      // Frees the timer that checks connections. None is left, except that the TLS side of the last one ends in this
      // turn of the event loop.
      setImmediate(() => void server.close());
    });
  });
}

const OTHERS: Readonly<Record<ListenPlace['flag'], string>> = {
  '--listen': '--listen :8443',
  '--metrics': '--metrics 9465',
  '--redirect-listen': '--redirect-listen :8080',
};

function explain(error: unknown, { host, port, fd, flag }: ListenPlace): AppError {
  const code = systemCode(error);
  if (fd !== undefined) {
    return new AppError('LISTEN_FAILED', {
      message: `Descriptor ${fd} is no socket to listen on (${code ?? String(error)}).`,
      hint: 'Start the gate from systemd with a .socket unit (docs/operations.md), or name an address: --listen :443',
      cause: error,
    });
  }
  const place = `${host ?? '*'}:${port}`;
  const other = OTHERS[flag];
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: `Another program has it. See which: ss -ltnp 'sport = :${port}'. Or choose another: ${other}`,
    EACCES: `Ports below 1024 need a right: run as root, or sysctl net.ipv4.ip_unprivileged_port_start=0, or ${other}`,
    EADDRNOTAVAIL:
      flag !== '--metrics'
        ? `This machine does not have that address. Use ${flag} :${port} for all that it has.`
        : `This machine does not have that address. Use this machine alone: ${other}`,
  };
  return new AppError('LISTEN_FAILED', {
    message: `Can't listen on ${place} (${code ?? String(error)}).`,
    hint: hints[code ?? ''] ?? `Choose another address with ${flag} HOST:PORT.`,
    cause: error,
  });
}
