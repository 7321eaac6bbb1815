import type { Writable } from 'node:stream';

/**
 * Writes a piece; resolves when the stream has taken it, so that its memory may be used again. Rejects with what the stream
 * failed of. The close of a stream counts too: zlib forgets the callback of a write if it is destroyed while it waits
 * for its reader.
 */
export function writePiece(stream: Writable, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(stream.errored ?? new Error('the stream was closed early'));
    stream.once('close', onClose);
    stream.write(piece, (error) => {
      stream.off('close', onClose);
      // A stream that failed before says only that it is destroyed.
      if (error) reject(stream.errored ?? error);
      else resolve();
    });
  });
}
