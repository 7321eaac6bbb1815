import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openEmbedded, type Embedded, type EmbeddedOptions } from '../../../src/backend/embedded/embedded.ts';
import { bodyLimit } from '../../../src/oci/request/body.ts';
import { parseRegistryRequest, type ParseOutcome } from '../../../src/oci/request/parse.ts';
import { createProblem, renderProblem, type Problem } from '../../../src/oci/problem.ts';

export interface TestServer {
  readonly url: string;
  readonly embedded: Embedded;
  readonly server: Server;
  /** Body bytes that the registry said it received and sent. */
  readonly counted: { received: number; sent: number };
  close(): Promise<void>;
}

const LIMITS = { manifestBytes: 4 * 1024 * 1024, layerBytes: undefined };
const SILENT = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };

/** The embedded registry behind a plain HTTP server: everything that the gate does before it is left out. */
export async function serveEmbedded(
  directory: string,
  options: Partial<EmbeddedOptions> & { readonly port?: number } = {},
): Promise<TestServer> {
  const embedded = await openEmbedded({ directory, now: () => new Date(), logger: SILENT, ...options });
  const counted = { received: 0, sent: 0 };
  const serve = (req: IncomingMessage, res: ServerResponse): void =>
    serveOne(embedded, counted, { req, res });
  // A client that is busy for longer than five seconds, or kept waiting, finds its connection as it left it.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 600_000 }, serve);
  server.on('checkContinue', serve);
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    embedded,
    server,
    counted,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await embedded.close();
    },
  };
}

function serveOne(
  embedded: Embedded,
  counted: TestServer['counted'],
  { req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse },
): void {
  const answer = (problem: Problem): void => {
    if (!res.headersSent) answerProblem(req, res, problem);
  };
  const outcome = parseRegistryRequest(req.method ?? '', req.url ?? '');
  if (outcome.kind !== 'request') {
    answer(problemOf(outcome));
    return;
  }
  const { request } = outcome;
  embedded.handle({
    req,
    res,
    request,
    origin: {
      address: '127.0.0.1',
      host: req.headers.host ?? '',
      requestId: 'test',
      charged: String(req.headers['x-account'] ?? ''),
    },
    bodyLimit: bodyLimit(request, LIMITS),
    answer,
    cut: () => res.destroy(),
    count: (direction, bytes) => {
      counted[direction] += bytes;
    },
  });
}

function answerProblem(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
  const body = renderProblem(problem, 'test');
  res.writeHead(problem.status, {
    ...problem.headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Docker-Distribution-Api-Version': 'registry/2.0',
  });
  res.end(req.method === 'HEAD' ? undefined : body);
}

function problemOf(outcome: Exclude<ParseOutcome, { kind: 'request' }>): Problem {
  if (outcome.kind === 'invalid') return createProblem(outcome.code, outcome.reason, { status: 400 });
  return outcome.kind === 'method'
    ? createProblem('UNSUPPORTED', 'method', { headers: { Allow: outcome.allow.join(', ') } })
    : createProblem('NAME_INVALID', 'path', { status: 404 });
}
