import { transferBuffers } from '../../lib/streams/buffers.ts';
import { HELD } from '../../lib/streams/idle-watch.ts';
import type { IdleWatch, Progress, Wait, Watched } from '../../lib/streams/idle-watch.ts';
import { inPace } from '../../lib/streams/pace.ts';
import { queuedBytes } from '../../lib/node/queued-bytes.ts';
import type { Problem } from '../../oci/problem.ts';
import type { AnswerFault, AnswerHead } from '../client/answer-head.ts';
import { BROKEN_OFF, crossAnswer, problemOf, PROTOCOL_CHANGE, STRANGE, TOO_OLD } from './backend-answer.ts';
import { explainFailure, explainFault } from '../client/failure.ts';
import type { ReportFailure } from '../client/report-failure.ts';
import { SMALL_BYTES } from '../client/backend-connection.ts';
import type { BackendConnection, Exchange } from '../client/backend-connection.ts';
import type { ConnectionPool } from '../client/connection-pool.ts';
import type { PushBody } from './push-body.ts';
import { requestHead } from './request-head.ts';
import { expiredBy } from './control-request.ts';
import type { Job } from '../reply/job.ts';

/** Redirects within the registry's own server that one request follows. */
const MOST_HOPS = 3;

/** What all requests on the lane of one gate share. */
export interface ProxyDependencies {
  readonly pool: ConnectionPool;
  /** `host:port` as the registry would name itself, lower case. */
  readonly authority: string;
  /** The path of the registry before `/v2/`. */
  readonly prefix: string;
  /** Says why the registry did not answer. */
  readonly report: ReportFailure;
  readonly watch: IdleWatch;
}

/**
 * One request and its answer, on their way through. A small answer goes out in one piece; of a large one
 * each piece is read into one buffer, and the next only once the client's connection has taken it: so much is held, and
 * no more.
 */
export class ProxiedRequest implements Exchange, Watched {
  readonly #job: Job;
  readonly #around: ProxyDependencies;
  /** Written before anything is taken: what cannot be asked takes nothing. */
  #question: string;
  readonly #body: PushBody | undefined;
  readonly #written = (): void => this.#onWritten();
  readonly #goOn = (): void => this.#onPaced();
  #connection: BackendConnection;
  /** Redirects that were followed. */
  #hops = 0;
  #buffer: Buffer | undefined;
  /** Pieces of the buffer that the client's connection has not taken yet. */
  #pending = 0;
  #length: number | undefined;
  /** Whether the next piece waits for its time. */
  #isHeld = false;
  /** Whether the backend has nothing more to say. */
  #isOver = false;
  #settled = false;

  constructor(job: Job, around: ProxyDependencies, body?: PushBody) {
    this.#job = job;
    this.#around = around;
    this.#body = body;
    this.#question = requestHead(job, body);
    // What changes something has a connection of its own: on one that was used before it might have to be sent twice.
    this.#connection = body === undefined ? around.pool.take() : around.pool.open();
  }

  /** Asks the backend. */
  start(): void {
    this.#around.watch.add(this);
    this.#job.res.once('close', () => this.#finish());
    this.#ask();
  }

  #ask(): void {
    this.#connection.begin(this, this.#job.request.method, this.#question);
    if (this.#body === undefined) this.#connection.finish();
    else this.#body.start(this.#connection.socket, (problem) => this.#fail(problem));
  }

  onHead(head: AnswerHead): void {
    const { req, res, request, origin, uploadSeal } = this.#job;
    const { authority, prefix } = this.#around;
    const outcome = crossAnswer(head, { request, origin, authority, prefix, uploadSeal });
    if (!outcome.ok) {
      this.#followOr(outcome.problem, outcome.follow);
      return;
    }
    if (head.framing === 'chunked' && req.httpVersion === '1.0') {
      // It knows no chunks, and would take the end of the connection for the end of the answer.
      this.#fail(TOO_OLD);
      return;
    }
    // Answered before the body was in: the rest of it is not wanted, and the connection ends here.
    const isEarly = this.#body !== undefined && !req.complete;
    res.writeHead(head.status, isEarly ? { ...outcome.headers, connection: 'close' } : outcome.headers);
    this.#length = head.length;
    if (head.length === undefined || head.length > SMALL_BYTES) {
      this.#buffer = transferBuffers.take();
      this.#connection.readInto(this.#buffer.subarray(0, this.#job.pace?.pieceBytes));
    }
  }

  /** A registry may keep layers under another path of its own server: they are read from there, by the gate. */
  #followOr(problem: Problem, target: string | undefined): void {
    if (target === undefined || this.#hops >= MOST_HOPS) {
      this.#fail(problem);
      return;
    }
    this.#hops += 1;
    this.#connection.abandon();
    this.#connection = this.#around.pool.open();
    const { req, request, origin } = this.#job;
    this.#question = requestHead({ req, request: { ...request, target }, origin });
    this.#ask();
  }

  onBody(buffer: Buffer, start: number, end: number): void {
    const { res, count } = this.#job;
    count('sent', end - start);
    if (buffer.buffer === this.#buffer?.buffer) {
      this.#pending += 1;
      this.#connection.pause();
      res.write(buffer.subarray(start, end), this.#written);
    } else if (end - start === this.#length) {
      // With a text Node puts head and body into one piece.
      res.end(buffer.toString('latin1', start, end), 'latin1');
    } else res.write(Buffer.from(buffer.subarray(start, end)));
  }

  onEnd(): void {
    const { res } = this.#job;
    this.#isOver = true;
    this.#body?.stop();
    if (!res.writableEnded) res.end();
    this.#returnBuffer();
  }

  onFault({ kind, reason }: AnswerFault): void {
    if (this.#job.res.headersSent) this.#fail(BROKEN_OFF);
    else if (kind === 'upgrade') this.#fail(PROTOCOL_CHANGE);
    else {
      this.#around.report(this.#job.origin.requestId, explainFault(reason));
      this.#fail(STRANGE);
    }
  }

  onBroken(error: Error): void {
    const { res, req, origin } = this.#job;
    if (this.#settled) return;
    if (req.socket.destroyed) this.#finish();
    else if (res.headersSent) this.#fail(BROKEN_OFF);
    else if (this.#connection.isStale) {
      this.#connection = this.#around.pool.open();
      this.#ask();
    } else {
      this.#around.report(origin.requestId, explainFailure(error), error);
      this.#fail(problemOf(error));
    }
  }

  progress(): Progress {
    const { req, res } = this.#job;
    const { socket, isConnecting } = this.#connection;
    if (this.#isPaced()) return HELD;
    if (this.#pending > 0 || res.writableNeedDrain || res.writableEnded) {
      return { waitingFor: 'client-reading', moved: req.socket.bytesWritten - queuedBytes(req.socket) };
    }
    if (isConnecting) return { waitingFor: 'connect', moved: 0 };
    if (this.#body?.waitsForClient === true && !res.headersSent) {
      return { waitingFor: 'client-body', moved: req.socket.bytesRead };
    }
    return { waitingFor: 'backend', moved: socket.bytesRead + socket.bytesWritten - queuedBytes(socket) };
  }

  #isPaced(): boolean {
    return this.#isHeld || this.#body?.isHeld === true;
  }

  expire(wait: Wait): void {
    this.#fail(expiredBy(wait, this.#job.request));
  }

  /** Answers with this problem if nothing was sent yet; cuts the connection if an answer has begun. */
  #fail(problem: Problem): void {
    if (this.#settled) return;
    this.#finish();
    const { req, res, answer, cut } = this.#job;
    if (!res.headersSent) answer(problem);
    else {
      // Node holds the head back until the first byte of the body, and what is written until the end of the turn: what
      // the backend said so far is for the client.
      res.flushHeaders();
      req.socket.uncork();
      cut(problem);
    }
  }

  /** The outcome is decided. */
  #finish(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#around.watch.remove(this);
    this.#body?.stop();
    if (!this.#isOver) this.#connection.abandon();
    this.#isOver = true;
    this.#returnBuffer();
  }

  #onWritten(): void {
    this.#pending -= 1;
    if (this.#pending > 0) return;
    if (this.#isOver) this.#returnBuffer();
    else this.#isHeld = inPace(this.#job.pace, this.#goOn);
  }

  #onPaced(): void {
    this.#isHeld = false;
    // Once it is over, the connection may be another's.
    if (!this.#isOver) this.#connection.resume();
  }

  #returnBuffer(): void {
    if (this.#buffer === undefined || this.#pending > 0) return;
    transferBuffers.give(this.#buffer);
    this.#buffer = undefined;
  }
}
