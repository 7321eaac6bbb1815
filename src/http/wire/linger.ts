import type { Socket } from 'node:net';
import { drainSocket } from '../../lib/node/drain-socket.ts';
import { replaceEnd } from '../../lib/node/end-of-connection.ts';

/** How long a client that is still sending is read from after its answer, and how much. */
export const LINGER_MS = 2000;
export const LINGER_BYTES = 1024 * 1024;
/** A body of an announced length up to this is read to its end: a manifest that is too large, and most layers. */
const ANNOUNCED_BYTES = 16 * 1024 * 1024;
/** The time for it. */
const ANNOUNCED_MS = 10_000;

/** What is read of a client after its answer: bytes at most, in milliseconds at most. */
interface Reach {
  readonly bytes: number;
  readonly ms: number;
}

const USUAL: Reach = { bytes: LINGER_BYTES, ms: LINGER_MS };

const lingering = new WeakSet<object>();

/**
 * Lets a client read its answer although it is still sending. Closing a socket in whose receive buffer something is
 * left makes the kernel send a reset, and the client throws the answer away with it: a 401 becomes "broken pipe" (RFC
 * 9112 section 9.6). So our half is closed, the rest is read for two seconds or a megabyte, and then it is over; of a body
 * whose announced length is 16 MiB or less, all of it is read, for ten seconds.
 *
 * `sending` tells how long the body is that the client may still be sending: its announced length, `unknown` where it
 * announced none, and undefined where nothing is being sent and there is nothing to wait for.
 */
export function lingerOnClose(socket: Socket, sending: () => number | 'unknown' | undefined): void {
  const endNow = replaceEnd(socket, () => {
    if (isLingering(socket)) return;
    const length = socket.writable ? sending() : undefined;
    if (length === undefined) endNow();
    else readOn(socket, reachFor(length));
  });
}

function reachFor(length: number | 'unknown'): Reach {
  return length === 'unknown' || length > ANNOUNCED_BYTES
    ? USUAL
    : { bytes: Math.max(LINGER_BYTES, length), ms: ANNOUNCED_MS };
}

/** Says the last words, closes our half and reads on for a while. */
export function linger(socket: Socket, lastWords: string): void {
  socket.write(lastWords);
  readOn(socket, USUAL);
}

function readOn(socket: Socket, { bytes, ms }: Reach): void {
  const start = socket.bytesRead;
  lingering.add(socket);
  socket.end();
  // Counted chunk by chunk: between two ticks of a timer tens of megabytes can come.
  drainSocket(socket, () => {
    if (socket.bytesRead - start > bytes) socket.destroy();
  });
  const timer = setTimeout(() => socket.destroy(), ms);
  if (socket.readableEnded) socket.once('finish', () => socket.destroy());
  else socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
}

/** Whether all has been said on this connection, and what still comes is dropped. */
export function isLingering(socket: object): boolean {
  return lingering.has(socket);
}
