import type { Socket } from 'node:net';
import { drainSocket } from '../../lib/node/drain-socket.ts';
import { replaceEnd } from '../../lib/node/end-of-connection.ts';

/** How long, and how many bytes, the gate reads from a client that is still sending after its answer. */
export const LINGER_MS = 2000;
export const LINGER_BYTES = 1024 * 1024;
/** A body with an announced length of at most this is read to its end: too large manifests, and most layers. */
const ANNOUNCED_BYTES = 16 * 1024 * 1024;
/** The time for that, in milliseconds. */
const ANNOUNCED_MS = 10_000;

/** The most that is read from a client after its answer: in bytes, and in milliseconds. */
interface Reach {
  readonly bytes: number;
  readonly ms: number;
}

const USUAL: Reach = { bytes: LINGER_BYTES, ms: LINGER_MS };

const lingering = new WeakSet<object>();

/**
 * Lets a client read its answer although it is still sending. If a socket with unread bytes in its receive buffer is
 * closed, the kernel sends a reset, and the client discards the answer: a 401 becomes "broken pipe" (RFC 9112 section
 * 9.6). So the gate closes its half, and reads on for two seconds or a megabyte, or, if the announced length of the
 * body is at most 16 MiB, up to its end or for ten seconds.
 *
 * `sending` returns the length of the body that the client may still be sending: its announced length, `unknown` if it
 * announced none, or undefined if no body is being sent.
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

/** Writes the last words, closes the gate's half and reads on for a while. */
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

/** Reports whether everything was sent on this connection, and what arrives is dropped. */
export function isLingering(socket: object): boolean {
  return lingering.has(socket);
}
