import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { AnswerReader, type AnswerSink } from '../../lib/http1/answer-reader.ts';
import { openSocket, type BackendOptions } from './backend-address.ts';

/** Receives the answer to one request. It gets no more calls after `onEnd`, `onFault` or `onBroken`. */
export interface ConnectionListener extends AnswerSink {
  /** The connection ended before the answer, or was never made. */
  onBroken(error: Error): void;
}

/** Gets the connection back once an answer has left nothing behind on it. */
interface ConnectionOwner {
  release(connection: BackendConnection): void;
  /** Shared by all connections for bytes that are used at once: each reads and hands over before the next one's turn. */
  readonly small: Buffer;
}

/** The size of a read of a head: a small answer fits as well. */
export const SMALL_BYTES = 16 * 1024;

/**
 * A connection to the backend, for one request at a time. It goes back to its owner if request and answer are complete.
 * It is destroyed in every other case: surplus bytes, an interim answer, a fault, an incomplete request,
 * `Connection: close`.
 */
export class BackendConnection {
  readonly socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #isTls: boolean;
  /** Receives the next read, after its first `#held` bytes, which are still in use. */
  #target: Buffer;
  #held = 0;
  #paused = false;
  #exchange: ConnectionListener | undefined;
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
    this.socket = openSocket(options, {
      buffer: () => this.#room(),
      callback: (length, bytes) => this.#take(length, bytes),
    });
    this.socket.on('error', (error) => (this.#error = error));
    this.socket.once('end', () => this.socket.destroy());
    this.socket.once('close', () => this.#onClose());
  }

  /** How long the backend waits for the next request, in milliseconds, if its last answer says so. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs;
  }

  /** Whether nothing was received on a connection that was used before: the backend may just have closed it (RFC 9112 section 9.3.1). */
  get isStale(): boolean {
    return this.#exchanges > 1 && !this.#heard;
  }

  /** Whether the connection is not made yet. */
  get isConnecting(): boolean {
    return isConnecting(this.socket);
  }

  /**
   * Writes the head of a request, given as latin1 with its empty line. A body may be written to the socket; `finish` ends
   * the request.
   */
  begin(exchange: ConnectionListener, method: string, head: string): void {
    this.#exchange = exchange;
    this.#reader = new AnswerReader(method, exchange);
    this.#exchanges += 1;
    this.#heard = false;
    this.#isAsked = false;
    this.socket.write(head, 'latin1');
  }

  /** The request is complete: only now may the connection be used again. */
  finish(): void {
    this.#isAsked = true;
  }

  /**
   * Directs the next reads into this buffer. Its bytes stay unchanged while the connection is paused. Those in the small
   * buffer of the owner (the default) are valid only during `onBody`.
   */
  readInto(target: Buffer = this.#owner.small): void {
    this.#target = target;
    this.#held = 0;
  }

  /** Stops reading until `resume`. Only valid during `onBody`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#held = 0;
    this.socket.resume();
  }

  /** Ends the connection. The listener gets no more calls. */
  abandon(): void {
    this.#exchange = undefined;
    this.#reader?.stop();
    this.socket.destroy();
  }

  #take(length: number, bytes: Uint8Array): boolean {
    const reader = this.#reader;
    if (reader === undefined) {
      // An answer without a request.
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

  /** A paused TLS connection still delivers the records that it has decrypted: they must not overwrite what is held. */
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
      // The end of an answer may arrive while a TLS connection is paused, and nothing else would resume it.
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

/** Reports whether a connection is not made yet; a TLS connection is made with its handshake. */
export function isConnecting(socket: Socket): boolean {
  return socket.connecting || (socket instanceof TLSSocket && socket.getPeerFinished() === undefined);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}

/** Connections to one backend. */
export interface ConnectionPool {
  /** The connection that came back last, or a new one. The backend may just be closing it: only for requests that may be sent twice. */
  take(): BackendConnection;
  /** A new connection. */
  open(): BackendConnection;
  /** Ends all connections, those in use included. */
  close(): void;
}

const FREE_CONNECTIONS = 64;
/** How long a connection is kept: shorter than servers wait (nginx 75 s). A shorter time in the answer counts. */
const IDLE_MS = 30_000;
/** A connection is closed so much earlier than the backend would close it. */
const MARGIN_MS = 1000;
const SWEEP_MS = 5000;

interface Idle {
  readonly connection: BackendConnection;
  readonly until: number;
}

/**
 * Keeps connections for the next request. Bytes that a backend sends on a waiting connection end it; those that it sends
 * right after the next request was written cannot be told from the answer. `now`: monotonic milliseconds.
 */
export function createConnectionPool(options: BackendOptions, now: () => number): ConnectionPool {
  const all = new Set<BackendConnection>();
  const small = Buffer.allocUnsafeSlow(SMALL_BYTES);
  let idle: Idle[] = [];

  const release = (connection: BackendConnection): void => {
    const waits = Math.min(IDLE_MS, (connection.keepAliveMs ?? Infinity) - MARGIN_MS);
    if (waits <= 0 || idle.length >= FREE_CONNECTIONS) connection.socket.destroy();
    else idle.push({ connection, until: now() + waits });
  };
  const open = (): BackendConnection => {
    const connection = new BackendConnection(options, { release, small });
    all.add(connection);
    connection.socket.once('close', () => {
      all.delete(connection);
      idle = idle.filter((other) => other.connection !== connection);
    });
    return connection;
  };
  const take = (): BackendConnection => {
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      if (last.connection.socket.writable && last.until > now()) return last.connection;
      last.connection.socket.destroy();
    }
    return open();
  };
  const sweep = (): void => {
    const at = now();
    for (const { connection, until } of idle) if (until <= at) connection.socket.destroy();
  };

  const timer = setInterval(sweep, SWEEP_MS).unref();
  return {
    take,
    open,
    close: () => {
      clearInterval(timer);
      for (const connection of all) connection.socket.destroy();
    },
  };
}
