import { Socket } from 'node:net';

/** The TCP connection below a connection of TLS. No public name leads there; undefined where Node should rename it. */
export function wireBelow(socket: object): Socket | undefined {
  const { _parent: wire } = socket as { readonly _parent?: unknown };
  return wire instanceof Socket ? wire : undefined;
}

/**
 * The object that stands for a connection, whichever of its two sockets is at hand: that of TCP, or that of TLS over it.
 * Addresses and ports are no name for it: two connections of one front may have the same source port where they reach
 * the gate at two of its addresses, and a socket that is closed has no address any more.
 */
export function wireOf(socket: object): object {
  return wireBelow(socket) ?? socket;
}
