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
    socket.on('close', () => clearTimeout(timer));
    // Once TLS has the connection its errors are told there.
    socket.on('error', ignore);
    greet(socket, () =>
      onFirstByte(socket, (byte) => {
        clearTimeout(timer);
        if (isLetter(byte)) onPlainText(socket);
        else startTls.call(server, socket);
      }),
    );
  });
}

/**
 * Calls back when the first byte has come, and leaves it where it is. The event that says so would cost a connection
 * more than all else that is done for it here; so what the socket puts into its buffer is looked at as it gets there.
 */
function onFirstByte(socket: Socket, look: (byte: number) => void): void {
  if (socket.readableLength > 0) {
    const first: Buffer = socket.read();
    socket.unshift(first);
    look(first[0] ?? 0);
    return;
  }
  const { push } = socket;
  socket.push = (chunk: Buffer | null) => {
    // Set, not deleted: an object that loses a property is a slow one for the rest of its life.
    socket.push = push;
    if (chunk === null) {
      socket.destroy();
      return false;
    }
    const hasRoom = socket.push(chunk);
    look(chunk[0] ?? 0);
    return hasRoom;
  };
}

function ignore(): void {
  // The socket closes after it.
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
