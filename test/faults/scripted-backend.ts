import { once } from 'node:events';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { until } from '../support/programs.ts';
import { parseAnswers, type RawAnswer } from '../support/raw-client.ts';
import type { TestGate } from '../support/test-gate.ts';
import { PATIENCE_MS } from '../support/patience.ts';

export const DIGEST = `sha256:${'a'.repeat(64)}`;
export const BLOB = `/v2/library/app/blobs/${DIGEST}`;
export const UPLOAD = '/v2/library/app/blobs/uploads/5f8f-1?_state=abc';
export const MANIFEST = '/v2/library/app/manifests/latest';

/** One connection to the scripted backend, and all it has received. */
export interface Visit {
  readonly socket: Socket;
  /** Number of the connection, from 0. */
  readonly number: number;
  /** Received so far, as latin1; only the first megabyte is kept. */
  text(): string;
  received(): number;
  /** `fin`: the other side has closed its half; `reset`: it is gone. */
  end(): 'open' | 'fin' | 'reset';
}

export interface Backend {
  readonly url: string;
  readonly port: number;
  readonly visits: readonly Visit[];
  /** Connections that the gate has not left. */
  open(): number;
  close(): Promise<void>;
}

export interface BackendPlace {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly path?: string;
  readonly host?: string;
  /** Whether connections are read from. Default: yes. */
  readonly reads?: boolean;
}

const KEPT = 1024 * 1024;

/** A backend without any manners of its own: `onHead` is called for each request head, with the visit. */
export async function startBackend(
  onHead: (visit: Visit, head: string) => void,
  place: BackendPlace = {},
): Promise<Backend> {
  const visits: Visit[] = [];
  const sockets = new Set<Socket>();
  const accept = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    visits.push(receive(socket, visits.length, onHead, place.reads ?? true));
  };
  const server: Server =
    place.tls === undefined
      ? createTcpServer({ noDelay: true, allowHalfOpen: true }, accept)
      : createTlsServer({ ...place.tls, noDelay: true }, accept);
  server.on('tlsClientError', () => undefined);
  server.listen(
    place.path === undefined ? { port: 0, host: place.host ?? '127.0.0.1' } : { path: place.path },
  );
  await once(server, 'listening');
  const port = place.path === undefined ? (server.address() as AddressInfo).port : 0;
  const host = place.host?.includes(':') === true ? `[${place.host}]` : (place.host ?? '127.0.0.1');
  return {
    url:
      place.path === undefined ? `${place.tls ? 'https' : 'http'}://${host}:${port}` : `unix:${place.path}`,
    port,
    visits,
    open: () => visits.filter((visit) => visit.end() === 'open').length,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function receive(
  socket: Socket,
  number: number,
  onHead: (visit: Visit, head: string) => void,
  reads: boolean,
): Visit {
  let text = '';
  let received = 0;
  let end: 'open' | 'fin' | 'reset' = 'open';
  let parsed = 0;
  const visit: Visit = { socket, number, text: () => text, received: () => received, end: () => end };
  socket.on('error', () => (end = 'reset'));
  socket.on('close', () => (end = end === 'open' ? 'reset' : end));
  socket.on('end', () => (end = 'fin'));
  if (!reads) return visit;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (text.length < KEPT) text += chunk.toString('latin1');
    for (;;) {
      const match = /(?:GET|HEAD|POST|PUT|PATCH|DELETE) \S+ HTTP\/1\.1\r\n[^]*?\r\n\r\n/.exec(
        text.slice(parsed),
      );
      if (match === null) return;
      parsed += match.index + match[0].length;
      onHead(visit, match[0]);
    }
  });
  return visit;
}

/** The head of a request as the user of the gate. */
export function head(method: string, target: string, ...fields: readonly string[]): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: registry.test', ...fields];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A client of the gate that does only what it is told. */
export interface Client {
  readonly socket: Socket;
  readonly port: number;
  send(text: string | Buffer): void;
  /** A request with credentials. */
  ask(method: string, target: string, ...fields: readonly string[]): void;
  /** Everything received, at most one megabyte, as latin1. */
  text(): string;
  received(): number;
  /** The whole answers among it. */
  answers(): readonly RawAnswer[];
  answer(nth?: number): Promise<RawAnswer>;
  end(): 'open' | 'fin' | 'reset';
  /** Resolves when the gate has ended the connection. */
  ended(): Promise<void>;
  close(): void;
  /** Leaves with a reset instead of a goodbye. */
  reset(): void;
}

/** Connects to the gate; resolves after the TLS handshake. */
export async function openClient(gate: Pick<TestGate, 'port' | 'ca' | 'authorization'>): Promise<Client> {
  const wire = connectTcp(gate.port, '127.0.0.1');
  wire.on('error', () => undefined);
  const socket = connectTls({
    socket: wire,
    ca: gate.ca,
    ALPNProtocols: ['http/1.1'],
    servername: 'localhost',
  });
  let text = '';
  let received = 0;
  let end: 'open' | 'fin' | 'reset' = 'open';
  socket.on('error', () => (end = 'reset'));
  socket.on('close', () => (end = end === 'open' ? 'reset' : end));
  socket.on('end', () => (end = 'fin'));
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (text.length < KEPT) text += chunk.toString('latin1');
  });
  await once(socket, 'secureConnect');
  const answers = (): readonly RawAnswer[] => parseAnswers(Buffer.from(text, 'latin1'), []).answers;
  return {
    socket,
    port: wire.localPort ?? 0,
    send: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    ask: (method, target, ...fields) =>
      void socket.write(head(method, target, `Authorization: ${gate.authorization}`, ...fields)),
    text: () => text,
    received: () => received,
    answers,
    answer: (nth = 0) =>
      until(
        () => answers()[nth],
        () => `no answer ${nth}; so far: ${text.slice(0, 2000)}`,
      ),
    end: () => end,
    ended: async () =>
      void (await until(
        () => (end === 'open' ? undefined : end),
        () => `still open; so far: ${text.slice(0, 2000)}`,
      )),
    close: () => socket.destroy(),
    reset: () => wire.resetAndDestroy(),
  };
}

/** Resolves once the condition holds. */
export async function eventually(
  what: string,
  holds: () => boolean,
  deadlineMs = PATIENCE_MS,
): Promise<void> {
  await until(
    () => (holds() ? true : undefined),
    () => `never: ${what}`,
    deadlineMs,
  );
}

export interface LoggedExchange {
  readonly msg: string;
  readonly status: number;
  readonly outcome: string;
  readonly error?: string;
  readonly received: number;
  readonly sent: number;
  readonly path?: string;
  readonly method?: string;
}

/** The access log lines so far. */
export function exchanges({ log }: Pick<TestGate, 'log'>): readonly LoggedExchange[] {
  return log.map((line): LoggedExchange => JSON.parse(line)).filter(({ msg }) => msg === 'request');
}
