import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const LINGER_MS = 2000;
const LINGER_BYTES = 1024 * 1024;
const LOOK_MS = 50;

/**
 * Lets a client read its answer although it is still sending. Closing a socket in whose receive buffer something is
 * left makes the kernel send a reset, and the client throws the answer away with it: a 401 becomes "broken pipe" (RFC
 * 9112 section 9.6). So our half is closed, the rest is read for two seconds or a megabyte, and then it is over.
 *
 * `current` is the request that the connection is serving; where its body is complete there is nothing to wait for.
 */
export function lingerOnClose(socket: Socket, current: () => IncomingMessage | undefined): void {
  const closeNow = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    const request = current();
    if (request === undefined || request.complete || !socket.writable) closeNow();
    else linger(socket);
  };
}

function linger(socket: Socket): void {
  const start = socket.bytesRead;
  const end = performance.now() + LINGER_MS;
  socket.end();
  const timer = setInterval(() => {
    if (performance.now() >= end || socket.bytesRead - start > LINGER_BYTES) socket.destroy();
  }, LOOK_MS);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearInterval(timer));
}
