import type { Socket } from 'node:net';
import { systemCode } from '../../lib/errors.ts';
import { withholdDestroy } from '../../lib/node/end-of-connection.ts';
import { LINGER_BYTES, LINGER_MS } from './linger.ts';

/** What OpenSSL says of a first record that begins like a request of HTTP; it sends no alert then. */
const CODES: readonly (string | undefined)[] = ['ERR_SSL_HTTP_REQUEST', 'ERR_SSL_HTTPS_PROXY_REQUEST'];
/** Who sends nothing for so long has nothing left unread. */
const LOOK_MS = 250;

/** Whether a handshake failed because the client speaks plain HTTP. */
export function isPlainText(error: Error): boolean {
  return CODES.includes(systemCode(error));
}

/**
 * Says the last words to somebody who speaks plain HTTP to the port. Node closes such a connection without any, of which a
 * client makes "empty reply from server", and its user nothing at all. To be called while the failed handshake is told.
 */
export function answerPlainText(wire: Socket, lastWords: string): void {
  // Node destroys the socket after this. Closed while something of the client's is unread, it would be reset, and the
  // client would throw the answer away. So for a while what comes goes into the TLS that has failed.
  const allowDestroy = withholdDestroy(wire);
  wire.end(lastWords);
  const end = Date.now() + LINGER_MS;
  let seen = wire.bytesRead;
  const timer = setInterval(() => {
    const isSending = wire.bytesRead > seen;
    seen = wire.bytesRead;
    if (isSending && seen < LINGER_BYTES && Date.now() < end) return;
    clearInterval(timer);
    allowDestroy();
    wire.destroy();
  }, LOOK_MS);
}
