import type { OnReadOpts, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { AnswerReader, type AnswerSink } from '../../../lib/http1/answer-reader.ts';

/** Receives the answer to one request. It gets no more calls after `onEnd`, `onFault` or `onBroken`. */
export interface ConnectionListener extends AnswerSink {
  /** Returns where the body is to be read to, from `onHead` on. */
  room(): Buffer;
  /** A read is over, and more of the answer is to come. */
  onMore(): void;
  /** The connection ended before the answer, or was never made. */
  onBroken(error: Error): void;
}

/** Opens a socket that reads as it is told to. */
export type OpenSocket = (onread: OnReadOpts) => Socket;

/** Gets the connection back. */
interface ConnectionOwner {
  /** An answer has left nothing behind on it: the next request may use it. */
  release(connection: Connection): void;
  /** It has ended. */
  forget(connection: Connection): void;
}

/** The size of a read of a head. */
const HEAD_BYTES = 16 * 1024;

/** A connection to a host, for one request at a time. After anything but a whole request and a whole answer it is destroyed. */
export class Connection {
  readonly socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #small = Buffer.allocUnsafeSlow(HEAD_BYTES);
  #listener: ConnectionListener | undefined;
  #reader: AnswerReader | undefined;
  #isConnected = false;
  #exchanges = 0;
  #hasHeard = false;
  #isAsked = false;
  #isPaused = false;
  #error: Error | undefined;
  #keepAliveMs: number | undefined;

  constructor(open: OpenSocket, owner: ConnectionOwner) {
    this.#owner = owner;
    this.socket = open({
      buffer: () => this.#room(),
      callback: (length, bytes) => this.#take(length, bytes),
    });
    this.socket.once(this.#connectEvent, () => (this.#isConnected = true));
    this.socket.on('error', (error) => (this.#error ??= error));
    this.socket.once('end', () => {
      this.#reader?.endOfConnection();
      this.socket.destroy();
    });
    this.socket.once('close', () => this.#onClose());
  }

  /** How long the host waits for the next request, in milliseconds, if its last answer says so. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs;
  }

  /** Whether nothing was received on a connection that was used before: the host may just have closed it (RFC 9112 section 9.3.1). */
  get isStale(): boolean {
    return this.#exchanges > 1 && !this.#hasHeard;
  }

  /** Whether it ended since the certificate of the host was not accepted. Nothing was sent then. */
  get isUntrusted(): boolean {
    return isSecure(this.socket) && !this.#isConnected && Boolean(this.socket.authorizationError);
  }

  /**
   * Takes a request. `write` writes it to the socket, once there is a connection: what is written before makes an error of
   * the handshake one of the write, which tells less. `finish` ends the request.
   */
  begin(listener: ConnectionListener, method: string, write: () => void): void {
    this.#listener = listener;
    this.#reader = new AnswerReader(method, listener, { untilClose: true });
    this.#exchanges += 1;
    this.#hasHeard = false;
    this.#isAsked = false;
    if (this.#isConnected) write();
    else this.socket.once(this.#connectEvent, write);
  }

  /** The request is complete: only now may the connection be used again. */
  finish(): void {
    this.#isAsked = true;
  }

  /** Reads no more until `resume`. Only valid during `onBody`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.socket.resume();
  }

  /** Ends the connection. The listener gets no more calls. */
  abandon(): void {
    this.#listener = undefined;
    this.#reader?.stop();
    this.socket.destroy();
  }

  get #connectEvent(): string {
    return isSecure(this.socket) ? 'secureConnect' : 'connect';
  }

  #room(): Buffer {
    return this.#reader?.head === undefined ? this.#small : (this.#listener?.room() ?? this.#small);
  }

  #take(length: number, bytes: Uint8Array): boolean {
    const reader = this.#reader;
    if (reader === undefined) {
      // An answer without a request.
      this.socket.destroy();
      return false;
    }
    this.#hasHeard = true;
    reader.read(asBuffer(bytes), 0, length);
    if (reader.isOver) this.#conclude(reader);
    else this.#listener?.onMore();
    return !this.#isPaused;
  }

  #conclude(reader: AnswerReader): void {
    this.#listener = undefined;
    this.#reader = undefined;
    this.#isPaused = false;
    this.#keepAliveMs = reader.head?.keepAliveMs;
    const isClean = reader.isWhole && !reader.hasSurplus && !reader.hadInterim;
    const isKept = isClean && reader.head?.keepAlive === true && this.#isAsked && this.socket.writable;
    if (!isKept) {
      this.socket.destroy();
      return;
    }
    // The end of an answer may arrive while a TLS connection is paused, and nothing else would resume it.
    this.socket.resume();
    this.#owner.release(this);
  }

  #onClose(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#reader = undefined;
    this.#owner.forget(this);
    listener?.onBroken(this.#error ?? closedEarly());
  }
}

/** Tells the kinds apart without loading TLS. */
function isSecure(socket: Socket): socket is TLSSocket {
  return 'encrypted' in socket;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function closedEarly(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}
