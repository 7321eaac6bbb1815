import { X509Certificate } from 'node:crypto';
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect, isIP } from 'node:net';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import { systemCode } from '../../lib/errors.ts';

/** Where to ask, and as whom: a name may lead to several addresses. */
export interface Place {
  readonly address: string;
  readonly port: number;
  /** The host as it was typed, without port and brackets. */
  readonly host: string;
}

/** What a server said to one request without credentials. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first 64 KiB of the body. */
  readonly text: string;
  /** What the server sent in its handshake, the leaf first. Empty for plain HTTP. */
  readonly chain: readonly X509Certificate[];
}

/** Why there is no answer: the code of Node.js, as in `ECONNREFUSED`. */
export interface Fault {
  readonly kind: 'fault';
  readonly code: string;
}

const TIMEOUT_MS = 5000;
const LARGEST = 64 * 1024;
/** More is no chain. */
const LONGEST_CHAIN = 16;

/** Tries to connect, and closes. Returns the fault, or undefined if somebody listens. Never rejects. */
export function tryConnect({ address, port }: Place, timeoutMs = TIMEOUT_MS): Promise<Fault | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: timeoutMs });
    const end = (fault: Fault | undefined): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end({ kind: 'fault', code: 'ETIMEDOUT' }));
    socket.once('error', (error) => end(faultOf(error)));
  });
}

/**
 * Requests a path by TLS, or in plain HTTP. The certificate is not verified: the answer only serves to tell what is
 * there, and nothing secret is sent. Never rejects.
 */
export function ask(
  place: Place,
  path: string,
  isTls: boolean,
  timeoutMs = TIMEOUT_MS,
): Promise<Answer | Fault> {
  const { address, port, host } = place;
  const written = isIP(host) === 6 ? `[${host}]` : host;
  const options = {
    host: address,
    port,
    path,
    agent: false,
    headers: { Host: port === (isTls ? 443 : 80) ? written : `${written}:${port}`, Accept: '*/*' },
    signal: AbortSignal.timeout(timeoutMs),
  } as const;
  const tls = { rejectUnauthorized: false, servername: isIP(host) === 0 ? host : '' } as const;
  return new Promise((resolve) => {
    let chain: readonly X509Certificate[] = [];
    let hasAnswer = false;
    const call = isTls ? requestTls({ ...options, ...tls }) : requestPlain(options);
    call.on('response', (response) => {
      hasAnswer = true;
      if (response.socket instanceof TLSSocket) chain = chainOf(response.socket);
      void read(response).then((answer) => {
        call.destroy();
        resolve({ ...answer, chain });
      });
    });
    call.on('error', (error) => resolve(faultOf(error)));
    // A server that switches protocols unasked is cut off by Node.js, which calls that neither an answer nor an error.
    call.on('close', () => {
      if (!hasAnswer) resolve({ kind: 'fault', code: 'ECONNRESET' });
    });
    call.end();
  });
}

/** An answer that breaks off is an answer: who is there shows in its head. */
function read(response: IncomingMessage): Promise<Omit<Answer, 'chain'>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (): void => {
      const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
      const text = Buffer.concat(chunks).toString('latin1').slice(0, LARGEST);
      resolve({
        kind: 'answer',
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(headers) as Record<string, string>,
        text,
      });
    };
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size >= LARGEST) end();
    });
    response.on('end', end).on('error', end).on('close', end);
  });
}

/** The certificates that were sent. OpenSSL adds a root at the end that this process trusts. */
function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < LONGEST_CHAIN) {
    const { raw } = next;
    if (chain.some((one) => one.raw.equals(raw))) break;
    chain.push(new X509Certificate(raw));
    next = next.issuerCertificate;
  }
  return chain;
}

/** A limit on time ends a request as an abort does. */
function faultOf(error: Error): Fault {
  const isLate = error.name === 'TimeoutError' || error.name === 'AbortError';
  return { kind: 'fault', code: isLate ? 'ETIMEDOUT' : (systemCode(error) ?? error.name) };
}
