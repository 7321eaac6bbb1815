import type { Socket } from 'node:net';

/**
 * Reads a connection of an HTTP server without its parser: what comes is dropped, and `onChunk` is called for each chunk.
 *
 * Relies on the parser to read past the socket, and to stop at a body that has no reader. A listener of `data` makes
 * Node take the connection back from it (`unconsume`, lib/_http_server.js); the server's own listener, which would give
 * the parser what comes, is removed. The pause makes the socket begin to read again where the parser had stopped it.
 */
export function drainSocket(socket: Socket, onChunk: () => void): void {
  socket.once('resume', () => {
    socket.removeAllListeners('data');
    socket.on('data', onChunk);
  });
  socket.pause();
  socket.resume();
}
