import type { Socket } from 'node:net';

/** How long a client that is still sending is read from after its answer, and how much. */
export const LINGER_MS = 2000;
export const LINGER_BYTES = 1024 * 1024;

const lingering = new WeakSet<object>();

/**
 * Lets a client read its answer although it is still sending. Closing a socket in whose receive buffer something is
 * left makes the kernel send a reset, and the client throws the answer away with it: a 401 becomes "broken pipe" (RFC
 * 9112 section 9.6). So our half is closed, the rest is read for two seconds or a megabyte, and then it is over.
 *
 * `isSending` tells whether the client may still be sending; where it is not there is nothing to wait for.
 */
export function lingerOnClose(socket: Socket, isSending: () => boolean): void {
  const closeNow = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    if (isLingering(socket)) return;
    if (socket.writable && isSending()) linger(socket);
    else closeNow();
  };
}

/** Closes our half and reads on for a while. The last words, if there are any, go out before. */
export function linger(socket: Socket, lastWords?: string): void {
  const start = socket.bytesRead;
  lingering.add(socket);
  if (lastWords !== undefined) socket.write(lastWords);
  socket.end();
  // The parser reads past the socket, and stops at a body that nobody takes. Set going again, the socket is read here,
  // and counted piece by piece: between two looks of a clock tens of megabytes can come.
  socket.once('resume', () => {
    socket.removeAllListeners('data');
    socket.on('data', () => {
      if (socket.bytesRead - start > LINGER_BYTES) socket.destroy();
    });
  });
  socket.pause();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  if (socket.readableEnded) socket.once('finish', () => socket.destroy());
  else socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
}

/** Whether all has been said on this connection, and what still comes is dropped. */
export function isLingering(socket: object): boolean {
  return lingering.has(socket);
}
