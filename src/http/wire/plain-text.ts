import type { Socket } from 'node:net';
import { systemCode } from '../../lib/errors.ts';
import { withholdDestroy } from '../../lib/node/end-of-connection.ts';
import { LINGER_BYTES, LINGER_MS } from './linger.ts';

/** The error codes of OpenSSL for a first record that looks like an HTTP request. It sends no alert then. */
const CODES: readonly (string | undefined)[] = ['ERR_SSL_HTTP_REQUEST', 'ERR_SSL_HTTPS_PROXY_REQUEST'];
/** A client that has sent nothing for this long has nothing unread. */
const LOOK_MS = 250;

/** Reports whether a handshake failed because the client speaks plain HTTP. */
export function isPlainText(error: Error): boolean {
  return CODES.includes(systemCode(error));
}

/**
 * Answers a client that speaks plain HTTP to the port. Node would close the connection without an answer, and the
 * client would report "empty reply from server". Must be called while `tlsClientError` is emitted.
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
