import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemCode } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { createProblem, renderProblem } from '../registry/problem.ts';
import type { Problem } from '../registry/problem.ts';

const OF_CODE: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: createProblem('UNSUPPORTED', 'The request head is larger than is served here.', {
    status: 431,
  }),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: createProblem(
    'SIZE_INVALID',
    'The chunk extensions are larger than is served here.',
  ),
  ERR_HTTP_REQUEST_TIMEOUT: createProblem('UNSUPPORTED', 'The request head did not come in time.', {
    status: 408,
  }),
};
const MALFORMED = createProblem('UNSUPPORTED', 'This is not a well-formed HTTP/1.1 request.', {
  status: 400,
});
const REASON: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};
const WARN_EVERY_MS = 60_000;

export interface ClientErrorOptions {
  readonly logger: Logger;
  readonly now: () => number;
  /** Whether an answer has begun on this connection: then there is only one honest way to end it. */
  readonly isAnswering: (socket: Duplex) => boolean;
}

/** Answers what Node's parser could not read, and keeps strangers on the port from filling the log. */
export function handleClientErrors(server: Server, { logger, now, isAnswering }: ClientErrorOptions): void {
  server.on('clientError', (error: Error, socket) => {
    if (!socket.writable || isAnswering(socket) || systemCode(error) === 'ECONNRESET') socket.destroy();
    else socket.end(rawAnswer(OF_CODE[systemCode(error) ?? ''] ?? MALFORMED), () => socket.destroy());
  });

  let nextWarning = -Infinity;
  let unsaid = 0;
  server.on('tlsClientError', (error: Error, socket) => {
    unsaid += 1;
    if (now() < nextWarning) return;
    nextWarning = now() + WARN_EVERY_MS;
    logger.warn(
      { address: addressOf(socket), error: systemCode(error) ?? error.name, count: unsaid },
      adviceFor(error),
    );
    unsaid = 0;
  });
}

function addressOf(socket: Socket): string | undefined {
  return socket.remoteAddress;
}

/** The alerts that a client sends when it does not trust us say which cure it needs. */
function adviceFor(error: Error): string {
  const code = systemCode(error) ?? '';
  if (/UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/.test(code)) {
    return 'a client does not trust this certificate: run registry-gate certs trust on it';
  }
  if (code === 'ERR_SSL_HTTP_REQUEST') return 'a client speaks plain HTTP to this port, which serves HTTPS';
  return 'a TLS handshake failed';
}

function rawAnswer(problem: Problem): string {
  const body = renderProblem(problem, 'none');
  return [
    `HTTP/1.1 ${problem.status} ${REASON[problem.status] ?? 'Bad Request'}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Docker-Distribution-Api-Version: registry/2.0',
    '',
    body,
  ].join('\r\n');
}
