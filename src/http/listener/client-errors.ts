import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { Socket, type Server as AnyServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { createProblem, problemAnswer, type Problem } from '../../oci/problem.ts';
import { renderAnswer } from '../../oci/respond.ts';
import { answerProblem } from '../answer.ts';
import type { Connections, OpenExchange } from './connections.ts';
import type { FrontProxies } from '../peer/front-proxies.ts';
import { isLingering, linger } from '../wire/linger.ts';
import { answerPlainText, isPlainText } from '../wire/plain-text.ts';
import { endConnection } from '../../lib/node/end-of-connection.ts';
import { keepPeerAddress } from '../../lib/node/peer-address.ts';
import { wireBelow } from '../../lib/node/tls-wire.ts';

const OF_CODE: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: createProblem('UNSUPPORTED', 'The request head is larger than is served here.', {
    status: 431,
    close: true,
  }),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: createProblem(
    'SIZE_INVALID',
    'The chunk extensions are larger than is served here.',
    { close: true },
  ),
  ERR_HTTP_REQUEST_TIMEOUT: createProblem('UNSUPPORTED', 'The request head did not come in time.', {
    status: 408,
    close: true,
  }),
};
const MALFORMED = createProblem('UNSUPPORTED', 'This is not a well-formed HTTP/1.1 request.', {
  status: 400,
  close: true,
});
const PLAIN_TEXT = createProblem(
  'UNSUPPORTED',
  'This port speaks HTTPS, and the request came in plain HTTP. Write https:// in front of the address.',
  { status: 400 },
);
const REASON: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};
const WARN_EVERY_MS = 60_000;

interface ClientErrorOptions {
  readonly logger: Logger;
  readonly now: () => number;
  readonly addressOf: FrontProxies['addressOf'];
  /** Called with the address of a client that did not accept the certificate, and with its alert as OpenSSL names it. */
  readonly onDistrust: (address: string, alert: string) => void;
}

/** Answers what Node's parser could not read, on a server of HTTP or HTTPS. */
export function answerParserErrors(server: AnyServer, connections: Connections): void {
  server.on('clientError', (error: Error, socket: Duplex) => {
    // The parser reports an error for each further chunk.
    if (isLingering(socket)) return;
    if (!(socket instanceof Socket) || !socket.writable || systemCode(error) === 'ECONNRESET')
      socket.destroy();
    else answerError(socket, connections.on(socket), OF_CODE[systemCode(error) ?? ''] ?? MALFORMED);
  });
}

/** Explains handshakes that failed, and limits what strangers can write to the log by them. */
export function handleClientErrors(
  server: Server,
  { logger, now, addressOf, onDistrust }: ClientErrorOptions,
): void {
  server.on('connection', keepPeerAddress);
  let nextWarning = -Infinity;
  let unsaid = 0;
  server.on('tlsClientError', (error: Error, socket) => {
    const wire = wireBelow(socket);
    if (wire !== undefined && isPlainText(error)) {
      answerPlainText(wire, rawAnswer(PLAIN_TEXT));
      return;
    }
    // A port scan, or a client that has not sent anything yet.
    if (wire?.bytesRead === 0) return;
    const address = addressOf({ socket: wire ?? socket, headers: {} });
    if (isDistrust(error)) {
      onDistrust(address, systemCode(error) ?? '');
      return;
    }
    unsaid += 1;
    if (now() < nextWarning) return;
    nextWarning = now() + WARN_EVERY_MS;
    logger.warn({ address, error: systemCode(error) ?? error.name, count: unsaid }, 'a TLS handshake failed');
    unsaid = 0;
  });
}

/** Answers the requests that came before the malformed one, and ends the connection with the last answer. */
function answerError(socket: Socket, underWay: readonly OpenExchange[], problem: Problem): void {
  const last = underWay.at(-1);
  if (last === undefined) linger(socket, rawAnswer(problem));
  else if (last.req.complete || last.res.writableEnded) endAfter(last.res, socket);
  // An answer that has begun, or is not the first in line, can't be replaced by another: the connection is cut.
  else if (last.res.headersSent || underWay.length > 1) socket.destroy();
  else answerProblem(last.req, last.res, problem);
}

const ending = new WeakSet<ServerResponse>();

function endAfter(res: ServerResponse, socket: Socket): void {
  // The parser reports an error again for each further chunk.
  if (ending.has(res)) return;
  ending.add(res);
  if (res.headersSent) res.once('finish', () => endConnection(socket));
  else res.setHeader('Connection', 'close');
}

/** Reports whether it is an alert of a client that does not trust the certificate (RFC 8446 section 6.2). Go sends `bad_certificate`, OpenSSL `unknown_ca`. */
function isDistrust(error: Error): boolean {
  return /UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/.test(systemCode(error) ?? '');
}

/** Renders an answer for a connection on which Node offers no response. */
function rawAnswer(problem: Problem): string {
  const answer = { ...problemAnswer(problem, 'none'), headers: { Connection: 'close' } };
  return renderAnswer(answer, REASON[problem.status] ?? 'Bad Request');
}
