import type { Server, Socket } from 'node:net';
import { networkOf } from '../../lib/network.ts';
import { takeOverConnections } from '../../lib/node/tls-connections.ts';
import type { Limiter } from '../../limits/concurrency-limiter.ts';
import type { FrontProxies } from '../peer/front-proxies.ts';
import type { ConnectionCapacity } from './connection-capacity.ts';

/** Decides about a new connection before its TLS handshake: closes it, or calls `proceed`, at once or later. */
export type AdmitConnection = (socket: Socket, proceed: () => void) => void;

interface AdmitConnectionsOptions {
  readonly proxies: FrontProxies;
  readonly capacity: ConnectionCapacity;
  /** Undefined where the number of connections is not limited. */
  readonly limiter: Limiter | undefined;
}

/**
 * Finds the client's address and acquires a permit for the connection. Connections over the limit are closed without a
 * TLS handshake, which would cost the gate more than it costs the client.
 */
export function admitConnections({ proxies, capacity, limiter }: AdmitConnectionsOptions): AdmitConnection {
  const acquire = limiter && acquirePermit(limiter, { proxies, capacity });
  return function admit(socket, proceed) {
    if (!capacity.hasRoom()) capacity.refuse(socket, 'descriptors');
    // Asking the system for the peer's address costs as much as all the rest here: only a limiter needs it now.
    else if (acquire === undefined) proxies.introduce(socket, proceed);
    else proxies.introduce(socket, () => acquire(socket, proceed));
  };
}

function acquirePermit(
  limiter: Limiter,
  { proxies, capacity }: Pick<AdmitConnectionsOptions, 'proxies' | 'capacity'>,
): AdmitConnection {
  return (socket, proceed) => {
    const address = proxies.addressOf({ socket, headers: {} });
    const { granted, release } = limiter.acquire(proxies.isFront(address) ? undefined : networkOf(address));
    socket.once('close', release);
    const settle = (isGranted: boolean): void => {
      if (!isGranted) capacity.refuse(socket, 'limits');
      else if (!socket.destroyed) proceed();
    };
    if (granted instanceof Promise) void granted.then(settle);
    else settle(granted);
  };
}

interface AdmitFirstOptions {
  /** How long `admit` may take, in milliseconds. The time limit of the TLS handshake begins afterwards. */
  readonly timeoutMs: number;
  readonly admit: AdmitConnection;
}

/**
 * Runs `admit` on each connection of a server before TLS takes it, or HTTP on a plain port. A connection that needs no byte from the client goes
 * on at once, and TLS reads from the system itself: a first chunk that is read here and handed on makes each handshake 5 %
 * and each upload 10 % slower, because Node.js then makes its read buffer as small as that chunk.
 */
export function admitFirst(server: Server, { timeoutMs, admit }: AdmitFirstOptions): void {
  const goOn = takeOverConnections(server);
  server.on('connection', (socket: Socket) => {
    let timer: NodeJS.Timeout | undefined;
    let isAdmitted = false;
    admit(socket, () => {
      isAdmitted = true;
      clearTimeout(timer);
      goOn(socket);
    });
    if (isAdmitted) return;
    timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on('close', () => clearTimeout(timer));
    // A close follows each error.
    socket.on('error', () => undefined);
  });
}
