import { createServer, type AddressInfo, type Socket } from 'node:net';
import { until } from './programs.ts';
import { parseWire, type WireHead, type WireRequest } from './wire.ts';

export interface Script {
  /** Called once the head of a request is in. */
  readonly onHead?: (socket: Socket, head: WireHead) => void;
  /** Called once the whole request is in. Default: `ok`. */
  readonly onRequest?: (socket: Socket, request: WireRequest) => void;
}

/** What one connection has seen since the last `take`. */
export interface Recorded {
  readonly bytes: Buffer;
  readonly requests: readonly WireRequest[];
  /** What came after the last whole request. */
  readonly rest: string;
  /** Why the bytes are not a sequence of well-formed requests. */
  readonly malformed: string | undefined;
  /** Whether the connection has ended. */
  isClosed(): boolean;
}

export interface RecordingBackend {
  readonly port: number;
  readonly url: string;
  /** Connections that were ever accepted. */
  accepted(): number;
  /** Connections that are open. */
  open(): number;
  /** Bytes received in all. */
  received(): number;
  /** What came since the last call, of each connection that got something. */
  take(): readonly Recorded[];
  /** Answers from now on by this script. */
  script(script: Script): void;
  /** Resolves once a request for this target is in whole. */
  sees(target: string): Promise<WireRequest>;
  close(): Promise<void>;
}

interface Connection {
  readonly socket: Socket;
  bytes: Buffer;
  taken: number;
  parsed: number;
  answeredHeadAt: number;
  requests: WireRequest[];
  malformed: string | undefined;
  closed: boolean;
}

/** The answer to a request that nobody scripted: a valid 200 with `{}`. */
export function ok(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}');
}

/**
 * A TCP server that keeps every byte it receives, apart by connection, and answers by script. It holds requests to the
 * strictest reading of HTTP/1.1, so that a second request inside the body of a first one cannot hide.
 */
export async function startRecordingBackend(): Promise<RecordingBackend> {
  let connections: Connection[] = [];
  let accepted = 0;
  let received = 0;
  let script: Script = {};
  const server = createServer({ noDelay: true }, (socket) => {
    const connection: Connection = {
      socket,
      bytes: Buffer.alloc(0),
      taken: 0,
      parsed: 0,
      answeredHeadAt: -1,
      requests: [],
      malformed: undefined,
      closed: false,
    };
    connections.push(connection);
    accepted += 1;
    socket.on('data', (chunk) => {
      received += chunk.length;
      connection.bytes = Buffer.concat([connection.bytes, chunk]);
      advance(connection, script);
    });
    socket.on('error', () => undefined).on('close', () => (connection.closed = true));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    accepted: () => accepted,
    open: () => connections.filter(({ closed }) => !closed).length,
    received: () => received,
    take: () => {
      const given = connections.filter(({ bytes, taken }) => bytes.length > taken).map(takeFrom);
      connections = connections.filter(({ closed }) => !closed);
      return given;
    },
    script: (next) => {
      script = next;
    },
    sees: (target) =>
      until(
        () => connections.flatMap(({ requests }) => requests).find((request) => request.target === target),
        () => `the backend saw no ${target}`,
      ),
    close: () =>
      new Promise((resolve) => {
        for (const { socket } of connections) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function advance(connection: Connection, { onHead, onRequest = ok }: Script): void {
  while (connection.malformed === undefined && connection.parsed < connection.bytes.length) {
    const outcome = parseWire(connection.bytes.subarray(connection.parsed));
    if (outcome.kind === 'malformed') {
      connection.malformed = outcome.reason;
      return;
    }
    const head = outcome.kind === 'request' ? outcome.request : outcome.head;
    if (head !== undefined && connection.answeredHeadAt !== connection.parsed) {
      connection.answeredHeadAt = connection.parsed;
      onHead?.(connection.socket, head);
    }
    if (outcome.kind === 'partial') return;
    connection.parsed += outcome.length;
    connection.requests.push(outcome.request);
    onRequest(connection.socket, outcome.request);
  }
}

function takeFrom(connection: Connection): Recorded {
  const bytes = connection.bytes.subarray(connection.taken);
  const rest = connection.bytes.subarray(connection.parsed);
  const { requests, malformed } = connection;
  // What was read and taken is let go: some tests make more requests than memory has room for.
  connection.answeredHeadAt -= connection.parsed;
  connection.bytes = rest;
  connection.parsed = 0;
  connection.taken = rest.length;
  connection.requests = [];
  return {
    bytes,
    requests,
    malformed,
    rest: rest.toString('latin1'),
    isClosed: () => connection.closed,
  };
}
