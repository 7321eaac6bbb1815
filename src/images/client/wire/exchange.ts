import type { AnswerFault, AnswerHead } from '../../../lib/http1/answer-head.ts';
import { ArrivingBody } from './arriving-body.ts';
import type { Connection, ConnectionListener } from './connection.ts';
import { renderHead } from './request-head.ts';
import { WireError } from './wire-error.ts';

type Pieces = AsyncIterable<Uint8Array>;

interface Outgoing {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | Pieces | undefined;
  readonly signal: AbortSignal | undefined;
}

/** In milliseconds. */
interface ExchangeTimes {
  /** How long an answer may take after the request was sent. */
  readonly head: number;
  /** How long a body may stall. */
  readonly idle: number;
}

interface Received {
  readonly head: AnswerHead;
  readonly body: ArrivingBody;
}

/**
 * Sends a request on a connection, and returns the answer when its head is there. Rejects with what broke the connection,
 * a WireError, the reason of the signal, or what the body of the request threw.
 */
export function exchange(connection: Connection, request: Outgoing, times: ExchangeTimes): Promise<Received> {
  return new Promise((resolve, reject) => {
    new Exchange(connection, request, { times, resolve, reject }).start();
  });
}

interface Settle {
  readonly times: ExchangeTimes;
  readonly resolve: (received: Received) => void;
  readonly reject: (error: unknown) => void;
}

class Exchange implements ConnectionListener {
  readonly #connection: Connection;
  readonly #request: Outgoing;
  readonly #settle: Settle;
  #timer: NodeJS.Timeout | undefined;
  #body: ArrivingBody | undefined;
  #isIdleLimited = false;
  #isOver = false;
  readonly #onAbort = (): void => this.#fail(this.#request.signal?.reason);

  constructor(connection: Connection, request: Outgoing, settle: Settle) {
    this.#connection = connection;
    this.#request = request;
    this.#settle = settle;
  }

  start(): void {
    const { method, url, body, signal, headers } = this.#request;
    try {
      const framing = framingOf(method, headers, body);
      const head = renderHead({
        method,
        url,
        headers: framing === undefined ? headers : { ...headers, ...framing },
      });
      signal?.addEventListener('abort', this.#onAbort, { once: true });
      this.#limit(this.#settle.times.head, () => new WireError('ERR_ANSWER_LATE', 'no answer in time'));
      this.#connection.begin(this, method, () => this.#sendAll(head));
    } catch (error) {
      this.#fail(error);
    }
  }

  room(): Buffer {
    return this.#body?.room() ?? Buffer.alloc(1);
  }

  onHead(head: AnswerHead): void {
    const body = new ArrivingBody(
      {
        resume: () => {
          this.#timer?.refresh();
          this.#connection.resume();
        },
        abandon: () => {
          this.#conclude();
          this.#connection.abandon();
        },
      },
      head.length,
    );
    this.#body = body;
    this.#settle.resolve({ head, body });
  }

  onMore(): void {
    const body = this.#body;
    if (body === undefined) return;
    if (this.#isIdleLimited) {
      this.#timer?.refresh();
      return;
    }
    this.#isIdleLimited = true;
    this.#limit(this.#settle.times.idle, () =>
      // Its reader is at work, and nothing was read meanwhile.
      body.isPaused ? undefined : new WireError('ERR_ANSWER_STALLED', 'the answer stalled'),
    );
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    if (this.#body?.take(buffer, start, end) === false) this.#connection.pause();
  }

  onEnd(): void {
    this.#conclude();
    this.#body?.end();
  }

  onFault({ reason }: AnswerFault): void {
    this.#fail(new WireError('ERR_ANSWER_MALFORMED', `its answer is not HTTP/1.1: ${reason}`));
  }

  onBroken(error: Error): void {
    this.#fail(error);
  }

  #sendAll(head: string): void {
    const { body, headers } = this.#request;
    if (body !== undefined && !(body instanceof Uint8Array)) {
      const { socket } = this.#connection;
      socket.cork();
      socket.write(head, 'latin1');
      // A piece that is in memory already goes with the head.
      setImmediate(() => socket.uncork());
      this.#sendPieces(body, headers['content-length']).catch((error: unknown) => this.#fail(error));
      return;
    }
    if (body === undefined) this.#connection.socket.write(head, 'latin1');
    else void this.#writeParts([head, body]);
    this.#connection.finish();
  }

  /** Sends the pieces one by one: the memory of one may be used again when the system has taken it. */
  async #sendPieces(pieces: Pieces, stated: string | undefined): Promise<void> {
    const isChunked = stated === undefined;
    const length = isChunked ? Infinity : Number(stated);
    let sent = 0;
    for await (const piece of pieces) {
      sent += piece.length;
      if (this.#isOver || sent > length) break;
      const written = this.#writeParts(isChunked ? chunkOf(piece) : [piece]);
      // The answer may come before the source has ended.
      if (sent === length) this.#connection.finish();
      await written;
      this.#timer?.refresh();
    }
    if (!this.#isOver && sent !== length) await this.#endBody(isChunked);
  }

  async #endBody(isChunked: boolean): Promise<void> {
    if (!isChunked) throw new WireError('ERR_BODY_LENGTH', 'the body of a request is not as long as stated');
    this.#connection.finish();
    await this.#writeParts([LAST_CHUNK]);
  }

  /** A write that fails ends the connection, which tells why. */
  async #writeParts(parts: readonly (Uint8Array | string)[]): Promise<void> {
    const { socket } = this.#connection;
    await new Promise<void>((resolve) => {
      socket.cork();
      for (const [at, part] of parts.entries()) {
        const done = at === parts.length - 1 ? () => resolve() : undefined;
        if (typeof part === 'string') socket.write(part, 'latin1', done);
        else socket.write(part, done);
      }
      socket.uncork();
    });
  }

  /** `failure` may return nothing: then the time begins again. */
  #limit(ms: number, failure: () => Error | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const error = failure();
      if (error === undefined) this.#timer?.refresh();
      else this.#fail(error);
    }, ms);
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#conclude();
    this.#connection.abandon();
    this.#body?.end(error);
    this.#settle.reject(error);
  }

  #conclude(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
  }
}

const LAST_CHUNK = '0\r\n\r\n';

function chunkOf(piece: Uint8Array): readonly (Uint8Array | string)[] {
  // A chunk of no bytes would be the last one.
  if (piece.length === 0) return [''];
  return [`${piece.length.toString(16)}\r\n`, piece, '\r\n'];
}

/** Returns the further fields that tell where the body of a request ends (RFC 9112 section 6). */
function framingOf(
  method: string,
  headers: Readonly<Record<string, string>>,
  body: Outgoing['body'],
): Record<string, string> | undefined {
  if ('content-length' in headers) return undefined;
  if (body instanceof Uint8Array) return { 'content-length': String(body.length) };
  if (body !== undefined) return { 'transfer-encoding': 'chunked' };
  return ['POST', 'PUT', 'PATCH'].includes(method) ? { 'content-length': '0' } : undefined;
}
