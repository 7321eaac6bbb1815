import type { Socket } from 'node:net';
import { networkOf } from '../../lib/network.ts';
import type { FrontProxies } from '../peer/front-proxies.ts';
import type { Room } from './connection-capacity.ts';
import type { Limiter } from '../../limits/concurrency-limiter.ts';

/** What a new connection passes before TLS takes it: it is ended, or goes on. */
export type Greet = (socket: Socket, goOn: () => void) => void;

export interface AdmitConnectionsOptions {
  readonly proxies: FrontProxies;
  readonly room: Room;
  /** Undefined where there may be any number of connections. */
  readonly limiter: Limiter | undefined;
}

/**
 * Finds out whose connection it is, and whether there is room for it. Who is too many is closed at once and without a
 * word: a TLS handshake for every refusal would cost us more than it costs them.
 */
export function admitConnections({ proxies, room, limiter }: AdmitConnectionsOptions): Greet {
  const ask = limiter === undefined ? undefined : asking(limiter, { proxies, room });
  return function greet(socket, goOn) {
    if (!room.hasPlace()) room.refuse(socket, 'descriptors');
    // To ask the system who is at the other end costs as much as all the rest of this.
    else if (ask === undefined) proxies.introduce(socket, goOn);
    else proxies.introduce(socket, () => ask(socket, goOn));
  };
}

function asking(
  limiter: Limiter,
  { proxies, room }: Pick<AdmitConnectionsOptions, 'proxies' | 'room'>,
): Greet {
  return (socket, goOn) => {
    const address = proxies.addressOf({ socket, headers: {} });
    const { granted: isInside, release: leave } = limiter.acquire(
      proxies.isFront(address) ? undefined : networkOf(address),
    );
    socket.once('close', leave);
    const settle = (admitted: boolean): void => {
      if (!admitted) room.refuse(socket, 'limits');
      else if (!socket.destroyed) goOn();
    };
    if (isInside instanceof Promise) void isInside.then(settle);
    else settle(isInside);
  };
}
