import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Lets an answer be heard that came before the body was in, by a backend that closes right after it. The kernel fails
 * our next write, and Node would give the connection up at once, together with the answer that has already arrived: a
 * 404 or 413 would become a 502, now and then. So a failed write is held back until what has arrived has been read.
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
      // On a broken connection one of them is near.
      socket.once('end', () => done(error));
      socket.once('close', () => done(error));
    };
  socket._write = (chunk, encoding, done) => write(chunk, encoding, patiently(done));
  if (writeAll !== undefined) socket._writev = (chunks, done) => writeAll(chunks, patiently(done));
}
