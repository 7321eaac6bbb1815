import { connect as connectTcp, isIP } from 'node:net';
import type { OnReadOpts, Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { AnswerReader } from './answer-reader.ts';
import type { AnswerSink } from './answer-reader.ts';

/**
 * Where the registry stands. `ca` is the PEM text that an https backend is verified with; verification is never off.
 * `prefix` is the path before `/v2/`, like `/oci`. `hostHeader` is the Host that it is asked with, instead of the client's.
 */
export type BackendOptions = (
  | { readonly kind: 'http'; readonly host: string; readonly port: number; readonly prefix?: string }
  | {
      readonly kind: 'https';
      readonly host: string;
      readonly port: number;
      readonly prefix?: string;
      readonly ca?: string | undefined;
    }
  | { readonly kind: 'unix'; readonly path: string; readonly prefix?: undefined }
) & { readonly hostHeader?: string | undefined };

/** One request and its answer, as the connection sees it. After `onEnd`, `onFault` or `onBroken` nothing more is said. */
export interface Exchange extends AnswerSink {
  /** The connection ended before the answer did, or was never made. */
  onBroken(error: Error): void;
}

/** Who gets the connection back once an exchange has left nothing behind on it. */
export interface ConnectionOwner {
  release(connection: BackendConnection): void;
  /** Where all its connections read what they need not hold: each reads, and has it read, before another one's turn. */
  readonly small: Buffer;
}

/** As much as is read where nothing is held: a head and a small answer fit. */
export const SMALL_BYTES = 16 * 1024;
const KEEPALIVE_MS = 1000;

/**
 * A connection to the backend: one exchange at a time. It goes back to its owner if the exchange came to a clean end on
 * both sides, and is destroyed in every other case: bytes that nobody asked for, an interim answer, a fault, a request
 * that was not written to its end, `Connection: close`.
 */
export class BackendConnection {
  readonly socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #isTls: boolean;
  /** Where the next read goes, after its first `#held` bytes, which somebody still reads from. */
  #target: Buffer;
  #held = 0;
  #paused = false;
  #exchange: Exchange | undefined;
  #reader: AnswerReader | undefined;
  #exchanges = 0;
  #heard = false;
  #isAsked = false;
  #keepAliveMs: number | undefined;
  #error: Error | undefined;

  constructor(options: BackendOptions, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#target = owner.small;
    this.#isTls = options.kind === 'https';
    this.socket = open(options, {
      buffer: () => this.#room(),
      callback: (length, bytes) => this.#take(length, bytes),
    });
    this.socket.on('error', (error) => (this.#error = error));
    this.socket.once('end', () => this.socket.destroy());
    this.socket.once('close', () => this.#onClose());
  }

  /** How long the backend will wait for the next request, in milliseconds, where it said so in its last answer. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs;
  }

  /** Whether nothing was heard on a connection that had served before: the backend may have closed it at that moment (RFC 9112 section 9.3.1). */
  get isStale(): boolean {
    return this.#exchanges > 1 && !this.#heard;
  }

  /** Whether the connection is not made yet. */
  get isConnecting(): boolean {
    return isConnecting(this.socket);
  }

  /**
   * Begins an exchange: writes the head of the request, given as latin1 with its empty line. A body may be written to the
   * socket; `finish` ends the request.
   */
  begin(exchange: Exchange, method: string, head: string): void {
    this.#exchange = exchange;
    this.#reader = new AnswerReader(method, exchange);
    this.#exchanges += 1;
    this.#heard = false;
    this.#isAsked = false;
    this.socket.write(head, 'latin1');
  }

  /** The request is written to its end: only now may the connection be used again. */
  finish(): void {
    this.#isAsked = true;
  }

  /**
   * Where the next reads go. What is read there stays as it is while the connection is paused; what is read into the
   * small buffer of the owner (the default) is good only while it is handed over.
   */
  readInto(target: Buffer = this.#owner.small): void {
    this.#target = target;
    this.#held = 0;
  }

  /** Reads nothing more until `resume`. Only to be called while a piece of the body is handed over. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#held = 0;
    this.socket.resume();
  }

  /** Ends the connection; its exchange hears no more of it. */
  abandon(): void {
    this.#exchange = undefined;
    this.#reader?.stop();
    this.socket.destroy();
  }

  #take(length: number, bytes: Uint8Array): boolean {
    const reader = this.#reader;
    if (reader === undefined) {
      // An answer that nobody asked for.
      this.socket.destroy();
      return false;
    }
    this.#heard = true;
    reader.read(asBuffer(bytes), 0, length);
    if (reader.isOver) this.#conclude(reader);
    if (this.#paused && bytes.buffer === this.#target.buffer) {
      this.#held = bytes.byteOffset - this.#target.byteOffset + length;
    }
    return !this.#paused;
  }

  /** A paused TLS connection still hands over the records that it has decrypted already: they must not cover what is held. */
  #room(): Buffer {
    if (!this.#isTls || this.#held === 0) return this.#target;
    return this.#held < this.#target.length
      ? this.#target.subarray(this.#held)
      : Buffer.allocUnsafeSlow(SMALL_BYTES);
  }

  #conclude(reader: AnswerReader): void {
    this.#exchange = undefined;
    this.#reader = undefined;
    this.#paused = false;
    this.#keepAliveMs = reader.head?.keepAliveMs;
    this.readInto();
    const isClean = reader.isWhole && !reader.hasSurplus && !reader.hadInterim;
    const isKept = isClean && reader.head?.keepAlive === true && this.#isAsked;
    if (isKept && this.socket.writable) {
      // The end of an answer may be handed over while a TLS connection is paused, and nobody else would wake it.
      this.socket.resume();
      this.#owner.release(this);
    } else this.socket.destroy();
  }

  #onClose(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#reader = undefined;
    exchange?.onBroken(this.#error ?? closedEarly());
  }
}

/** A TLS connection is none before its handshake. */
export function isConnecting(socket: Socket): boolean {
  return socket.connecting || (socket instanceof TLSSocket && socket.getPeerFinished() === undefined);
}

function open(options: BackendOptions, onread: OnReadOpts): Socket {
  if (options.kind === 'unix') return connectTcp({ path: options.path, onread });
  const { host, port } = options;
  const socket = options.kind === 'http' ? connectTcp({ host, port, onread }) : openTls(options, onread);
  return socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
}

export interface BackendTls {
  readonly servername: string;
  readonly rejectUnauthorized: true;
  readonly ca?: string;
}

/**
 * How a TLS backend is verified: against its own name, whatever the client calls it. That it is verified is said aloud,
 * or a variable of the environment could switch it off.
 */
export function backendTls({ host, ca }: Extract<BackendOptions, { kind: 'https' }>): BackendTls {
  const servername = isIP(host) === 0 ? host : '';
  return { servername, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
}

function openTls(options: Extract<BackendOptions, { kind: 'https' }>, onread: OnReadOpts): TLSSocket {
  const { host, port } = options;
  const settings = { host, port, ...backendTls(options), ALPNProtocols: ['http/1.1'], onread };
  return connectTls(settings);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}
