import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { PATIENCE_MS } from './patience.ts';

/** An answer as it stood on the wire. */
export interface RawAnswer {
  readonly version: string;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** The first value of a field, name in lower case. */
  header(name: string): string | undefined;
  /** All values of a field, name in lower case. */
  all(name: string): readonly string[];
}

export interface RawOutcome {
  /** Interim answers (1xx) stand apart. */
  readonly answers: readonly RawAnswer[];
  readonly interim: readonly number[];
  /** Bytes after the last answer that could be read in whole. */
  readonly rest: string;
  /** How the other side ended the connection; `open` where we had seen enough first. */
  readonly end: 'open' | 'fin' | 'reset';
  /** Everything received. */
  readonly bytes: Buffer;
  readonly sent: number;
}

export interface RawOptions {
  readonly port: number;
  /** PEM of the CA; without it the bytes go over plain TCP. */
  readonly ca?: string;
  /** Sent in turn, each in a write of its own. Text is latin1: one character, one byte. */
  readonly bytes: string | Buffer | readonly (string | Buffer)[];
  /** Methods of the requests, where answers to HEAD are among them. */
  readonly methods?: readonly string[];
  /** Stop after so many answers. Default: when the other side closes. */
  readonly answers?: number;
  /** Close our half after the last byte. */
  readonly finish?: boolean;
  readonly deadlineMs?: number;
}

/** Sends bytes as they are, and collects what comes back. Rejects where nothing ends it within the deadline. */
export function sendRaw(options: RawOptions): Promise<RawOutcome> {
  const { port, ca, bytes, methods = [], answers = Infinity, deadlineMs = PATIENCE_MS } = options;
  const pieces = (Array.isArray(bytes) ? bytes : [bytes]).map(toBuffer);
  return new Promise((resolve, reject) => {
    const socket = ca === undefined ? connectTcp(port, '127.0.0.1') : connectGate(port, ca);
    const received: Buffer[] = [];
    const finish = (end: RawOutcome['end']): void => {
      clearTimeout(timer);
      socket.destroy();
      const all = Buffer.concat(received);
      resolve({ ...parseAnswers(all, methods), end, bytes: all, sent: socket.bytesWritten });
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`no end within ${deadlineMs} ms; so far: ${Buffer.concat(received).toString('latin1')}`),
      );
    }, deadlineMs);
    socket.setNoDelay(true);
    socket.once(ca === undefined ? 'connect' : 'secureConnect', () =>
      writeAll(socket, pieces, options.finish),
    );
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      if (answers !== Infinity && parseAnswers(Buffer.concat(received), methods).answers.length >= answers)
        finish('open');
    });
    socket.once('end', () => finish('fin')).once('error', () => finish('reset'));
    socket.once('close', () => finish('reset'));
  });
}

/** A TLS connection to a gate, of the kind that costs the least. */
export function connectGate(port: number, ca: string): Socket {
  return connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols: ['http/1.1'], ecdhCurve: 'X25519' });
}

/** Each piece leaves before the next one is given, so that they arrive as separate records. */
function writeAll(socket: Socket, pieces: readonly Buffer[], finish: boolean | undefined): void {
  const [first, ...others] = pieces;
  if (socket.destroyed) return;
  if (first === undefined) {
    if (finish === true) socket.end();
    return;
  }
  socket.write(first, () => setImmediate(writeAll, socket, others, finish));
}

function toBuffer(piece: string | Buffer): Buffer {
  return typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
}

/** Reads as many whole answers as there are. */
export function parseAnswers(
  bytes: Buffer,
  methods: readonly string[],
): Pick<RawOutcome, 'answers' | 'interim' | 'rest'> {
  const answers: RawAnswer[] = [];
  const interim: number[] = [];
  let at = 0;
  for (;;) {
    const next = parseAnswer(bytes, at, methods[answers.length] === 'HEAD');
    if (next === undefined) return { answers, interim, rest: bytes.toString('latin1', at) };
    if (next.answer.status < 200) interim.push(next.answer.status);
    else answers.push(next.answer);
    at = next.end;
  }
}

function parseAnswer(
  bytes: Buffer,
  from: number,
  toHead: boolean,
): { readonly answer: RawAnswer; readonly end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n', from);
  if (headEnd < 0) return undefined;
  const [line = '', ...fields] = bytes.toString('latin1', from, headEnd).split('\r\n');
  const match = /^HTTP\/(\d\.\d) (\d{3}) [\t -~]*$/.exec(line);
  if (match === null) return undefined;
  const headers = fields.map((field): readonly [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  const all = (name: string): string[] =>
    headers.filter(([given]) => given === name).map(([, value]) => value);
  const status = Number(match[2]);
  const bodiless = toHead || status < 200 || status === 204 || status === 304;
  const body = bodiless ? { text: '', end: headEnd + 4 } : parseAnswerBody(bytes, headEnd + 4, all);
  if (body === undefined) return undefined;
  const answer = {
    version: match[1] ?? '',
    status,
    headers,
    body: body.text,
    header: (name: string) => all(name)[0],
    all,
  };
  return { answer, end: body.end };
}

function parseAnswerBody(
  bytes: Buffer,
  from: number,
  all: (name: string) => readonly string[],
): { readonly text: string; readonly end: number } | undefined {
  if (all('transfer-encoding')[0] === 'chunked') return parseChunkedBody(bytes, from);
  const end = from + Number(all('content-length')[0] ?? 0);
  return end > bytes.length ? undefined : { text: bytes.toString('utf8', from, end), end };
}

function parseChunkedBody(
  bytes: Buffer,
  from: number,
): { readonly text: string; readonly end: number } | undefined {
  let text = '';
  for (let at = from; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const dataEnd = lineEnd + 2 + size;
    if (Number.isNaN(size) || bytes.length < dataEnd + 2) return undefined;
    text += bytes.toString('utf8', lineEnd + 2, dataEnd);
    if (size === 0) return { text, end: dataEnd + 2 };
    at = dataEnd + 2;
  }
}
