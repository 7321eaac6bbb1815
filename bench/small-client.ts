import { connect, type TLSSocket } from 'node:tls';
import { PASSWORD, USER } from './fixture.ts';

/** What a Go client (docker, podman, skopeo) and a server without hybrid groups agree on. */
export const CIPHER = 'TLS_AES_128_GCM_SHA256';
export const CURVE = 'X25519';
export const AUTHORIZATION = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
const DEADLINE_MS = 120_000;

export interface Server {
  readonly port: number;
  readonly ca: string;
  /** Where the client's end is, if not at 127.0.0.1. */
  readonly localAddress?: string;
}

export interface SmallRequest {
  readonly method: 'GET' | 'HEAD';
  readonly target: string;
  /** Without it the request is a stranger's. */
  readonly authorization?: string;
  /** The status that is expected, or all that are. */
  readonly status: number | readonly number[];
}

/**
 * Sends a request over and over, one after the other on each of some kept connections, until so many were answered.
 * Throws where an answer is not the one that is expected, and after two minutes.
 */
export async function sendMany(
  server: Server,
  request: SmallRequest,
  { count, clients }: { readonly count: number; readonly clients: number },
): Promise<void> {
  const text = textOf(request);
  let left = count;
  const take = (): boolean => (left -= 1) >= 0;
  await Promise.all(Array.from({ length: clients }, () => runClient(server, request, { text, take })));
}

/** Full handshakes, none resumed, some at a time; the connection is closed right after. */
export async function shakeHands(server: Server, count: number, atOnce = 4): Promise<void> {
  let left = count;
  const run = async (): Promise<void> => {
    while ((left -= 1) >= 0) await shakeHand(server);
  };
  await Promise.all(Array.from({ length: atOnce }, run));
}

function shakeHand(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = openConnection(server);
    socket.once('error', reject);
    socket.once('secureConnect', () => socket.end());
    socket.once('close', () => resolve());
    socket.resume();
  });
}

interface Work {
  readonly text: string;
  readonly take: () => boolean;
}

/** A server may end a connection with an answer that says so, as nginx does after a thousand: then the next one is opened. */
async function runClient(server: Server, request: SmallRequest, work: Work): Promise<void> {
  while (work.take()) await useConnection(server, request, work);
}

/** Sends what was taken already, and goes on while there is more to take and the server keeps the connection. */
function useConnection(server: Server, request: SmallRequest, { text, take }: Work): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = openConnection(server);
    let seen: Buffer = Buffer.alloc(0);
    let isAnswered = false;
    socket.setNoDelay(true);
    socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error('no answer in two minutes')));
    socket.once('secureConnect', () => socket.write(text));
    socket.once('error', reject);
    socket.once('close', () =>
      isAnswered ? resolve() : reject(new Error(`port ${server.port} gave no answer`)),
    );
    socket.on('data', (chunk: Buffer) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const answer = readAnswer(seen, request);
      if (answer === undefined || seen.length < answer.length) return;
      seen = seen.subarray(answer.length);
      isAnswered = answer.isLast || !take();
      if (isAnswered) socket.destroy();
      else socket.write(text);
    });
  });
}

interface Answer {
  readonly status: number;
  /** Bytes of head and body. */
  readonly length: number;
  /** The server ends the connection after it. */
  readonly isLast: boolean;
}

/** The answer that begins with these bytes, or undefined while its head is not whole. Throws where it is another than expected. */
export function readAnswer(seen: Buffer, { method, status, target }: SmallRequest): Answer | undefined {
  const end = seen.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = seen.toString('latin1', 0, end);
  const got = Number(head.slice(9, 12));
  if (![status].flat().includes(got))
    throw new Error(`${method} ${target}: ${got} where ${status} is expected`);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`${method} ${target}: an answer without a length`);
  const isLast = /\r\nconnection: *close/i.test(head);
  return { status: got, length: end + 4 + (method === 'HEAD' ? 0 : Number(length)), isLast };
}

/** The request as it goes over the wire. */
export function textOf({ method, target, authorization }: SmallRequest): string {
  const credentials = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${credentials}User-Agent: docker/28.3.0\r\nAccept-Encoding: gzip\r\n\r\n`;
}

/** A connection as docker would make it. */
export function openConnection({ port, ca, localAddress }: Server): TLSSocket {
  return connect({
    ...(localAddress === undefined ? {} : { localAddress }),
    host: '127.0.0.1',
    port,
    ca,
    ciphers: CIPHER,
    ecdhCurve: CURVE,
    ALPNProtocols: ['http/1.1'],
  });
}
