import type { Socket } from 'node:net';
import { networkOf } from '../lib/network.ts';
import type { FrontProxies } from './front-proxies.ts';
import type { Entrance } from './turnstiles.ts';

/** What a new connection passes before TLS takes it: it is ended, or goes on. */
export type Greet = (socket: Socket, goOn: () => void) => void;

export interface FrontDoorOptions {
  readonly proxies: FrontProxies;
  /** Undefined where there may be any number of connections. */
  readonly entrance: Entrance | undefined;
}

/**
 * Finds out whose connection it is, and whether there is room for it. Who is too many is closed at once and without a
 * word: a TLS handshake for every refusal would cost us more than it costs them.
 */
export function createFrontDoor({ proxies, entrance }: FrontDoorOptions): Greet {
  // To ask the system who is at the other end costs as much as all the rest of this.
  if (entrance === undefined) return proxies.introduce;
  return function greet(socket, goOn) {
    proxies.introduce(socket, () => {
      const address = proxies.addressOf({ socket, headers: {} });
      const { isInside, leave } = entrance.enter(proxies.isFront(address) ? undefined : networkOf(address));
      socket.once('close', leave);
      const settle = (admitted: boolean): void => {
        if (!admitted) socket.destroy();
        else if (!socket.destroyed) goOn();
      };
      if (isInside instanceof Promise) void isInside.then(settle);
      else settle(isInside);
    });
  };
}
