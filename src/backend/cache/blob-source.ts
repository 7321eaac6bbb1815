import type { IdleWatch } from '../../lib/streams/idle-watch.ts';
import type { AnswerHead } from '../../lib/http1/answer-head.ts';
import type { ConnectionPool } from '../client/backend-connection.ts';
import { Conversation, type AnswerHandler } from '../client/conversation.ts';
import { requestHead } from '../proxy/heads.ts';
import type { Job } from '../reply/job.ts';

interface BlobSourceOptions {
  readonly pool: ConnectionPool;
  readonly watch: IdleWatch;
}

/** Receives a blob from the registry. */
export interface BlobSink {
  /** This many bytes follow: the whole blob or the requested part. Not called for any other answer. */
  begin(length: number): void;
  /** Receives a piece. Its bytes stay unchanged until `done` is called, and little or nothing follows until then. */
  write(piece: Buffer, done: () => void): void;
  /** Called once. Without an error all bytes have been passed. */
  end(error?: Error): void;
}

export interface InclusiveSpan {
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
  size(job: Job): Promise<number | undefined>;
  /** Begins to fetch the blob. The returned function stops it: the sink gets no more calls. */
  fetch(job: Job, sink: BlobSink, span?: InclusiveSpan): () => void;
}

const DIGITS = /^\d{1,15}$/;

/** Reads blobs of the backend for the cache: no header of a client goes along. */
export function createBlobSource(options: BlobSourceOptions): BlobSource {
  const start = (
    job: Job,
    method: BlobFetch['method'],
    sink: BlobSink,
    span?: InclusiveSpan,
  ): (() => void) => {
    const answer = new BlobAnswer({ job, method, sink, span }, options);
    return () => answer.stop();
  };
  return {
    size: (job) =>
      new Promise((resolve) => {
        let size: number | undefined;
        const begin = (length: number): void => void (size = length);
        const end = (error?: Error): void => resolve(error === undefined ? size : undefined);
        start(job, 'HEAD', { begin, end, write: (_piece, done) => done() });
      }),
    fetch: (job, sink, span) => start(job, 'GET', sink, span),
  };
}

interface BlobFetch {
  readonly job: Pick<Job, 'request' | 'origin'>;
  readonly method: 'GET' | 'HEAD';
  readonly sink: BlobSink;
  readonly span: InclusiveSpan | undefined;
}

/** Hands an answer to a sink. */
class BlobAnswer implements AnswerHandler {
  readonly #fetch: BlobFetch;
  readonly #conversation: Conversation;

  constructor(fetch: BlobFetch, options: BlobSourceOptions) {
    const { job, method, span } = fetch;
    const headers = span === undefined ? {} : { range: `bytes=${span.first}-${span.last}` };
    const request = { ...job.request, method };
    const head = requestHead({ req: { headers }, request, origin: job.origin });
    this.#fetch = fetch;
    this.#conversation = new Conversation(this, options, { method, head });
    this.#conversation.start();
  }

  stop(): void {
    this.#conversation.close();
  }

  onHead(head: AnswerHead): boolean {
    const length = lengthOf(head, this.#fetch);
    if (length === undefined) this.#conversation.fail(new Error(`the registry answers ${head.status}`));
    else this.#fetch.sink.begin(length);
    return length !== undefined;
  }

  onBody(buffer: Buffer, start: number, end: number, taken: (() => void) | undefined): void {
    const piece = buffer.subarray(start, end);
    if (taken === undefined) this.#fetch.sink.write(Buffer.from(piece), () => undefined);
    else this.#fetch.sink.write(piece, taken);
  }

  onEnd(): void {
    this.#conversation.close();
    this.#fetch.sink.end();
  }

  onFailure(error: Error): void {
    this.#fetch.sink.end(error);
  }
}

/** The length of what was asked for; undefined where that is not what comes. */
function lengthOf(head: AnswerHead, { method, span }: BlobFetch): number | undefined {
  if (head.headers['content-encoding'] !== undefined) return undefined;
  if (span !== undefined) return isSpan(head, span) ? head.length : undefined;
  if (head.status !== 200) return undefined;
  if (method === 'GET') return head.framing === 'length' ? head.length : undefined;
  const knownSize = head.headers['content-length'] ?? '';
  return DIGITS.test(knownSize) ? Number(knownSize) : undefined;
}

function isSpan({ status, headers, length }: AnswerHead, { first, last }: InclusiveSpan): boolean {
  const isSame = headers['content-range']?.startsWith(`bytes ${first}-${last}/`) === true;
  return status === 206 && isSame && length === last - first + 1;
}
