import type { IncomingMessage } from 'node:http';
import { systemCode } from '../lib/errors.ts';
import { createProblem } from '../registry/problem.ts';
import type { Problem } from '../registry/problem.ts';
import type { Backend } from './backend.ts';
import { responseHeaders } from './response-headers.ts';
import type { Transfer } from './transfer.ts';

const MISDIRECTED = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate sends its clients elsewhere.',
  { status: 502 },
);

const OWN_LOGIN = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate wants a login of its own. Switch its own authentication off.',
  { status: 502 },
);

const BROKEN_OFF = createProblem('UNAVAILABLE', 'The registry behind this gate broke off its answer.', {
  status: 502,
});

export const PROTOCOL_CHANGE = createProblem(
  'UNAVAILABLE',
  'The registry behind this gate wanted to change protocols.',
  {
    status: 502,
    close: true,
  },
);

/** Sends the head of the backend's answer to the client, or a problem in its place. */
export function beginAnswer(transfer: Transfer, proxyRes: IncomingMessage, backend: Backend): void {
  const { req, res, request, origin, count } = transfer.job;
  const status = proxyRes.statusCode ?? 502;
  const outcome = responseHeaders(proxyRes.headers, {
    status,
    route: request.route.kind,
    authorities: [origin.host.toLowerCase(), backend.authority],
  });
  // The backend's own challenge is for the gate and not for the client: a foreign realm would collect passwords.
  const wantsLogin = status === 401 || status === 407;
  if (transfer.settled || wantsLogin || !outcome.ok) {
    proxyRes.destroy();
    transfer.fail(wantsLogin ? OWN_LOGIN : MISDIRECTED);
    return;
  }
  transfer.markResponding();
  // Answered before the body was in: the rest of it is not wanted, and the connection ends here.
  res.writeHead(status, req.complete ? outcome.headers : { ...outcome.headers, connection: 'close' });
  proxyRes.once('close', () => {
    if (!proxyRes.complete) transfer.fail(BROKEN_OFF);
  });
  proxyRes.on('data', (chunk: Buffer) => count('sent', chunk.length));
}

/** What a failed connection to the backend is for the client: 504 where it did not answer in time, 502 otherwise. */
export function problemOf(error: Error): Problem {
  const status = systemCode(error) === 'ETIMEDOUT' ? 504 : 502;
  return createProblem('UNAVAILABLE', 'The registry behind this gate cannot be reached.', {
    status,
    close: true,
  });
}
