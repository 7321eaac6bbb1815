import type { Socket } from 'node:net';

/**
 * Has `end` called in place of Node's own way to end a connection after its last answer. Returns that way.
 *
 * Relies on the HTTP server to call `destroySoon` of the socket when an answer with `Connection: close` has been written
 * (`resOnFinish`, lib/_http_server.js).
 */
export function replaceEnd(socket: Socket, end: () => void): () => void {
  const endNow = socket.destroySoon.bind(socket);
  socket.destroySoon = end;
  return endNow;
}

/** Ends a connection as Node does after its last answer, or as `replaceEnd` has it done. */
export function endConnection(socket: Socket): void {
  socket.destroySoon();
}

/**
 * Keeps a socket from being destroyed until the function that is returned is called.
 *
 * Relies on `destroy`, which Node calls on the TCP socket of a failed TLS handshake after `tlsClientError`
 * (lib/internal/tls/wrap.js).
 */
export function withholdDestroy(socket: Socket): () => void {
  const { destroy } = socket;
  socket.destroy = () => socket;
  return () => {
    socket.destroy = destroy;
  };
}
