import type { Socket } from 'node:net';

/**
 * Makes a socket keep the address of its peer, so that it is known after the connection has closed.
 *
 * Relies on `remoteAddress` to ask the system once and to keep the answer (`_getpeername`, lib/net.js).
 */
export function keepPeerAddress(socket: Socket): void {
  void socket.remoteAddress;
}
