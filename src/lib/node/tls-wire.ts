import { Socket } from 'node:net';

/**
 * The TCP connection below a TLS connection; undefined where it is not found.
 *
 * Relies on `_parent`, in which `new TLSSocket(socket)` keeps the socket that it was given (lib/internal/tls/wrap.js). No
 * public property leads there.
 */
export function wireBelow(socket: object): Socket | undefined {
  const { _parent: wire } = socket as { readonly _parent?: unknown };
  return wire instanceof Socket ? wire : undefined;
}

/**
 * The object that identifies a connection, from either of its two sockets: the TCP socket or the TLS socket over it.
 * Addresses and ports do not identify one: two connections of one front proxy may have the same source port where they
 * reach the gate at two of its addresses, and a closed socket has no address any more.
 */
export function wireOf(socket: object): object {
  return wireBelow(socket) ?? socket;
}
