import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Holds a failed write back until what has arrived on the socket has been read. A backend may answer before the body has
 * arrived and close the connection. The next write then fails, and Node would destroy the socket together with the answer:
 * a 404 or 413 would now and then become a 502.
 *
 * Relies on `_write` and `_writev`, through which a stream writes, and on the callback that destroys the socket when it
 * is called with an error (lib/internal/streams/writable.js).
 */
export function handleDeferredWriteErrors(socket: Socket): void {
  const write = socket._write.bind(socket);
  const writeAll = socket._writev?.bind(socket);
  const patiently =
    (done: Done): Done =>
    (error) => {
      if (error === undefined || error === null || socket.destroyed || socket.readableEnded) {
        done(error);
        return;
      }
      // On a broken connection one of them comes soon.
      socket.once('end', () => done(error));
      socket.once('close', () => done(error));
    };
  socket._write = (chunk, encoding, done) => write(chunk, encoding, patiently(done));
  if (writeAll !== undefined) socket._writev = (chunks, done) => writeAll(chunks, patiently(done));
}
