import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Greet } from './front-door.ts';

export interface FirstByteOptions {
  /** How long a connection may take up to its first byte, in milliseconds. */
  readonly silenceMs: number;
  /** What comes before. */
  readonly greet: Greet;
  /** Called with a connection whose first byte is a letter: no TLS record begins with one, and every HTTP method does. */
  readonly onPlainText: (socket: Socket) => void;
}

/**
 * Looks at the first byte of a connection before TLS takes it, and gives it back. Node answers plain HTTP on a TLS port
 * by closing the connection, of which a client makes "empty reply from server", and its user nothing at all.
 */
export function watchFirstByte(server: Server, { silenceMs, greet, onPlainText }: FirstByteOptions): void {
  const [startTls, ...others] = server.listeners('connection');
  if (startTls === undefined || others.length > 0) throw new Error('not a fresh TLS server');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const timer = setTimeout(() => socket.destroy(), silenceMs);
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    socket.once('close', () => clearTimeout(timer));
    const look = (): void => {
      clearTimeout(timer);
      const first: unknown = socket.read();
      if (!(first instanceof Buffer)) {
        socket.destroy();
        return;
      }
      socket.off('error', ignore);
      if (isLetter(first[0] ?? 0)) onPlainText(socket);
      else {
        socket.unshift(first);
        startTls.call(server, socket);
      }
    };
    greet(socket, () => {
      if (socket.readableLength > 0) look();
      else socket.once('readable', look);
    });
  });
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
