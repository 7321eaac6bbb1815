import { once } from 'node:events';
import { ClientRequest, createServer, IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { queuedBytes } from '../../../src/lib/node/queued-bytes.ts';
import type { Problem } from '../../../src/oci/problem.ts';
import { parseRegistryRequest } from '../../../src/oci/request/parse.ts';
import { ControlRequest } from '../../../src/backend/proxy/control-request.ts';
import type { Job } from '../../../src/backend/reply/job.ts';
import { eventually } from '../../faults/scripted-backend.ts';

interface State {
  readonly complete?: boolean;
  readonly needsDrain?: boolean;
  readonly ended?: boolean;
  readonly upstream?: 'none' | 'connecting' | 'handshake' | 'open';
  readonly upstreamFull?: boolean;
  readonly responding?: boolean;
}

function fixed<T extends object>(target: T, values: object): T {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
  return target;
}

function upstreamOf(kind: State['upstream']): Socket | undefined {
  const counters = { bytesRead: 30, bytesWritten: 4, connecting: kind === 'connecting' };
  if (kind === 'none') return undefined;
  if (kind === 'handshake')
    return fixed(new TLSSocket(new Socket()), { ...counters, getPeerFinished: () => undefined });
  return fixed(new Socket(), counters);
}

const DEPENDENCIES = {
  authority: 'registry.test',
  prefix: '',
  watch: { add: () => undefined, remove: () => undefined, close: () => undefined },
  report: () => undefined,
};

/** The head of an answer of the backend. */
function answer(): IncomingMessage {
  return fixed(new IncomingMessage(new Socket()), { statusCode: 200, headers: { 'content-length': '0' } });
}

/** A transfer of which nothing moves but what the state says. */
function transferIn(state: State): {
  readonly job: Job;
  readonly transfer: ControlRequest;
  readonly ends: readonly (readonly [string, number])[];
} {
  const {
    complete = true,
    needsDrain = false,
    ended = false,
    upstream = 'open',
    upstreamFull = false,
  } = state;
  const socket = fixed(new Socket(), { bytesRead: 1000, bytesWritten: 700 });
  const req = fixed(new IncomingMessage(socket), { complete });
  const res = fixed(new ServerResponse(req), {
    writableNeedDrain: needsDrain,
    writableEnded: ended,
    headersSent: state.responding === true,
    flushHeaders: () => undefined,
  });
  const ends: (readonly [string, number])[] = [];
  const note =
    (how: string) =>
    (problem: Problem): void =>
      void ends.push([how, problem.status]);
  const parsed = parseRegistryRequest('GET', '/v2/');
  if (parsed.kind !== 'request') throw new Error('not a request');
  const job: Job = {
    req,
    res,
    request: parsed.request,
    origin: { address: '', host: '', requestId: '' },
    bodyLimit: undefined,
    answer: note('answer'),
    cut: note('cut'),
    count: () => undefined,
  };
  const transfer = new ControlRequest(job, DEPENDENCIES);
  const proxyReq: ClientRequest = Object.create(ClientRequest.prototype);
  if (upstream !== 'none') {
    transfer.attach(
      fixed(proxyReq, {
        socket: upstreamOf(upstream),
        writableNeedDrain: upstreamFull,
        destroy: () => undefined,
      }),
    );
  }
  if (state.responding === true) transfer.onAnswer(answer());
  return { job, transfer, ends };
}

const WAITS: readonly (readonly [string, State, string, number])[] = [
  ['nothing is connected yet', { upstream: 'none' }, 'connect', 0],
  ['the connection is being made', { upstream: 'connecting' }, 'connect', 0],
  ['the TLS handshake is not over', { upstream: 'handshake' }, 'connect', 0],
  ['the body is not in, and the backend takes more', { complete: false }, 'client-body', 1000],
  [
    'the body is not in, and the backend takes no more',
    { complete: false, upstreamFull: true },
    'backend',
    34,
  ],
  ['the body is in', {}, 'backend', 34],
  ['the answer has begun', { responding: true }, 'backend', 34],
  ['the answer has begun before the body is in', { responding: true, complete: false }, 'backend', 34],
  ['the client takes no more', { responding: true, needsDrain: true }, 'client-reading', 700],
  [
    'all is written, and the client has not taken it',
    { responding: true, ended: true },
    'client-reading',
    700,
  ],
];

describe('whom a transfer waits for', () => {
  for (const [name, state, waitingFor, moved] of WAITS) {
    it(`${waitingFor} when ${name}`, () => {
      expect(transferIn(state).transfer.progress()).toEqual({ waitingFor, moved });
    });
  }
});

describe('one large piece of an answer', () => {
  it('moves while its client reads, slowly as that may be', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
    client.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
    const [req, res] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    const { job } = transferIn({});
    const moved = (): number => new ControlRequest({ ...job, req, res }, DEPENDENCIES).progress().moved;
    res.write(Buffer.alloc(32 * 1024 * 1024));
    await eventually('a client that takes no more', () => queuedBytes(req.socket) > 0);
    const before = moved();
    await eventually('a move', () => client.read() !== null && moved() > before);
    expect(req.socket.writableLength).toBeGreaterThan(0);
    client.destroy();
    server.close();
  });
});

describe('how a transfer ends', () => {
  const ENDS = [
    ['connect', 504],
    ['client-body', 408],
    ['client-reading', 408],
    ['backend', 504],
  ] as const;
  for (const [wait, status] of ENDS) {
    it(`${wait}: answered with ${status} before the answer has begun, cut after, once`, () => {
      for (const responding of [false, true]) {
        const { transfer, ends } = transferIn({ responding });
        transfer.expire(wait);
        transfer.expire(wait);
        expect(ends).toEqual([[responding ? 'cut' : 'answer', status]]);
        expect(transfer.finish()).toBe(false);
      }
    });
  }
});
