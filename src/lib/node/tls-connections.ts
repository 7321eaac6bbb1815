import type { Server, Socket } from 'node:net';

/**
 * Takes over the connections of a TLS or HTTP server that has just been made: they no longer start TLS, or HTTP, by
 * themselves. Returns the function that starts it on one of them.
 *
 * Relies on the one listener of `connection` that the constructor of a TLS server adds (`tlsConnectionListener`,
 * lib/internal/tls/wrap.js), and that of an HTTP server (`connectionListener`, lib/_http_server.js).
 */
export function takeOverConnections(server: Server): (socket: Socket) => void {
  const [startTls, ...others] = server.listeners('connection');
  if (startTls === undefined || others.length > 0) throw new Error('not a fresh TLS server');
  server.removeAllListeners('connection');
  return (socket) => void startTls.call(server, socket);
}
