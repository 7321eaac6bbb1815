import { transferBuffers } from '../../lib/streams/buffers.ts';
import type { IdleWatch, Progress, Wait, Watched } from '../../lib/streams/idle-watch.ts';
import type { AnswerFault, AnswerHead } from '../client/answer-head.ts';
import { SMALL_BYTES } from '../client/backend-connection.ts';
import type { BackendConnection, Exchange } from '../client/backend-connection.ts';
import type { ConnectionPool } from '../client/connection-pool.ts';
import { requestHead } from '../proxy/request-head.ts';
import type { Job } from '../reply/job.ts';

export interface BlobSourceOptions {
  readonly pool: ConnectionPool;
  readonly watch: IdleWatch;
}

/** Receives a blob from the registry. */
export interface BlobSink {
  /** This many bytes follow: the whole blob or the requested part. Not called for any other answer. */
  begin(length: number): void;
  /** Receives a piece. Its bytes stay unchanged until `done` is called, and little or nothing follows until then. */
  take(piece: Buffer, done: () => void): void;
  /** Called once. Without an error all bytes have been passed. */
  end(error?: Error): void;
}

export interface ByteSpan {
  /** The first and the last byte, both included. */
  readonly first: number;
  readonly last: number;
}

/** The registry as the cache sees it. Requests are for the blob of a job, with the job's own origin. */
export interface BlobSource {
  /**
   * Returns the size of the blob if the registry says that the repository holds it, and undefined in all other cases.
   * Never rejects.
   */
  ask(job: Job): Promise<number | undefined>;
  /** Begins to fetch the blob. The returned function stops it: the sink gets no more calls. */
  fetch(job: Job, sink: BlobSink, span?: ByteSpan): () => void;
}

const DIGITS = /^\d{1,15}$/;
const ABANDONED = 'the backend stands still';

/** Blobs as the backend has them, for our own use: no header of a client goes along. */
export function createBlobSource(options: BlobSourceOptions): BlobSource {
  const start = (
    { request, origin }: Job,
    method: 'GET' | 'HEAD',
    sink: BlobSink,
    span?: ByteSpan,
  ): (() => void) => {
    const headers = span === undefined ? {} : { range: `bytes=${span.first}-${span.last}` };
    const question = requestHead({ req: { headers }, request: { ...request, method }, origin });
    const fetch = new BlobFetch({ question, method, sink, span }, options);
    fetch.start();
    return () => fetch.stop();
  };
  return {
    ask: (job) =>
      new Promise((resolve) => {
        let size: number | undefined;
        const begin = (length: number): void => void (size = length);
        const end = (error?: Error): void => resolve(error === undefined ? size : undefined);
        start(job, 'HEAD', { begin, end, take: (_piece, done) => done() });
      }),
    fetch: (job, sink, span) => start(job, 'GET', sink, span),
  };
}

interface Wish {
  readonly question: string;
  readonly method: 'GET' | 'HEAD';
  readonly sink: BlobSink;
  readonly span: ByteSpan | undefined;
}

/** One question and its answer. It is read into one buffer, and no further before the sink has done with it. */
class BlobFetch implements Exchange, Watched {
  readonly #wish: Wish;
  readonly #options: BlobSourceOptions;
  readonly #done = (): void => this.#onDone();
  #connection: BackendConnection;
  #buffer: Buffer | undefined;
  #pending = 0;
  #steps = 0;
  #isOver = false;

  constructor(wish: Wish, options: BlobSourceOptions) {
    this.#wish = wish;
    this.#options = options;
    this.#connection = options.pool.take();
  }

  start(): void {
    this.#options.watch.add(this);
    this.#ask();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#connection.abandon();
  }

  #ask(): void {
    this.#connection.begin(this, this.#wish.method, this.#wish.question);
    this.#connection.finish();
  }

  onHead(head: AnswerHead): void {
    const length = lengthOf(head, this.#wish);
    if (length === undefined) {
      this.#fail(new Error(`the registry answers ${head.status}`));
      return;
    }
    this.#wish.sink.begin(length);
    if (this.#isOver || length <= SMALL_BYTES || head.framing === 'none') return;
    this.#buffer = transferBuffers.take();
    this.#connection.readInto(this.#buffer);
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    this.#steps += 1;
    if (buffer.buffer === this.#buffer?.buffer) {
      this.#pending += 1;
      this.#connection.pause();
      this.#wish.sink.take(buffer.subarray(start, end), this.#done);
    } else this.#wish.sink.take(Buffer.from(buffer.subarray(start, end)), () => undefined);
  }

  onEnd(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#wish.sink.end();
  }

  onFault({ reason }: AnswerFault): void {
    this.#fail(new Error(reason));
  }

  onBroken(error: Error): void {
    if (this.#isOver) return;
    if (this.#connection.isStale) {
      this.#connection = this.#options.pool.open();
      this.#ask();
    } else this.#fail(error);
  }

  progress(): Progress {
    const { socket, isConnecting } = this.#connection;
    if (isConnecting) return { waitingFor: 'connect', moved: 0 };
    return { waitingFor: 'backend', moved: socket.bytesRead + socket.bytesWritten + this.#steps };
  }

  expire(_wait: Wait): void {
    this.#fail(Object.assign(new Error(ABANDONED), { code: 'ETIMEDOUT' }));
  }

  #fail(error: Error): void {
    if (this.#isOver) return;
    this.stop();
    this.#wish.sink.end(error);
  }

  #finish(): void {
    this.#isOver = true;
    this.#options.watch.remove(this);
    this.#returnBuffer();
  }

  #onDone(): void {
    this.#pending -= 1;
    this.#steps += 1;
    if (this.#pending > 0) return;
    if (this.#isOver) this.#returnBuffer();
    else this.#connection.resume();
  }

  #returnBuffer(): void {
    if (this.#buffer === undefined || this.#pending > 0) return;
    transferBuffers.give(this.#buffer);
    this.#buffer = undefined;
  }
}

/** The length of what was asked for; undefined where that is not what comes. */
function lengthOf(head: AnswerHead, { method, span }: Wish): number | undefined {
  if (head.headers['content-encoding'] !== undefined) return undefined;
  if (span !== undefined) return isSpan(head, span) ? head.length : undefined;
  if (head.status !== 200) return undefined;
  if (method === 'GET') return head.framing === 'length' ? head.length : undefined;
  const said = head.headers['content-length'] ?? '';
  return DIGITS.test(said) ? Number(said) : undefined;
}

function isSpan({ status, headers, length }: AnswerHead, { first, last }: ByteSpan): boolean {
  const isSame = headers['content-range']?.startsWith(`bytes ${first}-${last}/`) === true;
  return status === 206 && isSame && length === last - first + 1;
}
