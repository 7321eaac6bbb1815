import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Greet } from './admit-connection.ts';

export interface GreetFirstOptions {
  /** How long a greeting may take, in milliseconds. TLS has a limit of its own, which begins afterwards. */
  readonly silenceMs: number;
  readonly greet: Greet;
}

/**
 * Greets each connection before TLS takes it. What needs no word from the client goes on at once, and TLS reads from the
 * system by itself: a first piece that is read here and handed on costs each handshake a twentieth and each upload a tenth,
 * since Node makes its buffer for all that comes as small as that piece.
 */
export function greetFirst(server: Server, { silenceMs, greet }: GreetFirstOptions): void {
  const [startTls, ...others] = server.listeners('connection');
  if (startTls === undefined || others.length > 0) throw new Error('not a fresh TLS server');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    let timer: NodeJS.Timeout | undefined;
    let isGreeted = false;
    greet(socket, () => {
      isGreeted = true;
      clearTimeout(timer);
      startTls.call(server, socket);
    });
    if (isGreeted) return;
    timer = setTimeout(() => socket.destroy(), silenceMs);
    socket.on('close', () => clearTimeout(timer));
    // The socket closes after it.
    socket.on('error', () => undefined);
  });
}
