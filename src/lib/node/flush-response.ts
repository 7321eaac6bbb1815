import type { ServerResponse } from 'node:http';

/**
 * Writes what an answer consists of so far to its connection at once, so that the connection can be cut after it.
 *
 * Relies on Node to hold the head back until the first byte of the body, and to cork the socket for the first write of a
 * turn until the end of that turn (`write_`, lib/_http_outgoing.js).
 */
export function flushResponse(res: ServerResponse): void {
  res.flushHeaders();
  res.socket?.uncork();
}
