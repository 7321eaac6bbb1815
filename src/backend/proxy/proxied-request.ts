import type { Progress } from '../../lib/streams/idle-watch.ts';
import type { Problem } from '../../oci/problem.ts';
import type { AnswerHead } from '../../lib/http1/answer-head.ts';
import { Conversation, type AnswerHandler } from '../client/conversation.ts';
import { answerOrCut, clientReading, clientSending, type Job } from '../reply/job.ts';
import { crossAnswer, requestHead } from './heads.ts';
import { PushBody } from './push-body.ts';
import { failureProblem, type ProxyDependencies } from './transport.ts';

/** The most redirects within the registry's own server that one request follows. */
const MOST_HOPS = 3;

/**
 * A request that is streamed to the registry, and its answer to the client. A small answer leaves in one piece. Of a
 * large one each piece is read into one buffer, and the next only once the client's connection has taken it.
 */
export class ProxiedRequest implements AnswerHandler {
  readonly #job: Job;
  readonly #dependencies: ProxyDependencies;
  readonly #body: PushBody | undefined;
  readonly #conversation: Conversation;
  /** Redirects that were followed. */
  #hops = 0;
  #length: number | undefined;

  /** `isPush`: the request has a body. */
  constructor(job: Job, dependencies: ProxyDependencies, isPush: boolean) {
    this.#job = job;
    this.#dependencies = dependencies;
    const body = isPush ? new PushBody(job, (problem) => this.#fail(problem)) : undefined;
    this.#body = body;
    const { request, pace } = job;
    // The head is made before a connection is taken: it throws if a field cannot be written.
    const head = requestHead(job, body);
    this.#conversation = new Conversation(this, dependencies, { method: request.method, head, body, pace });
  }

  start(): void {
    // The conversation is watched until the client has read all of the answer.
    this.#job.res.once('close', () => this.#conversation.close());
    this.#conversation.start();
  }

  onHead(head: AnswerHead): boolean {
    const { req, res } = this.#job;
    const outcome = crossAnswer(head, this.#job, this.#dependencies);
    if (!outcome.ok) {
      this.#followOr(outcome.problem, outcome.follow);
      return false;
    }
    // Answered before the body was complete: the rest of it is not wanted, and the connection ends here.
    const isEarly = this.#body !== undefined && !req.complete;
    res.writeHead(head.status, isEarly ? { ...outcome.headers, connection: 'close' } : outcome.headers);
    this.#length = head.length;
    return true;
  }

  /** A registry may keep layers under another path of its own server, which clients cannot reach: the gate reads them there. */
  #followOr(problem: Problem, target: string | undefined): void {
    if (target === undefined || this.#hops >= MOST_HOPS) {
      this.#fail(problem);
      return;
    }
    this.#hops += 1;
    const { req, request, origin } = this.#job;
    this.#conversation.redirect(requestHead({ req, request: { ...request, target }, origin }));
  }

  onBody(buffer: Buffer, start: number, end: number, taken: (() => void) | undefined): void {
    const { res, count } = this.#job;
    count('sent', end - start);
    if (taken !== undefined) res.write(buffer.subarray(start, end), taken);
    // With a text Node puts head and body into one piece.
    else if (end - start === this.#length) res.end(buffer.toString('latin1', start, end), 'latin1');
    else res.write(Buffer.from(buffer.subarray(start, end)));
  }

  onEnd(): void {
    const { res } = this.#job;
    if (!res.writableEnded) res.end();
  }

  onFailure(error: Error): void {
    if (this.#job.req.socket.destroyed) return;
    answerOrCut(this.#job, failureProblem(error, this.#job, this.#dependencies.report));
  }

  waitsFor(isHolding: boolean): Progress | undefined {
    const { req, res } = this.#job;
    if (isHolding || res.writableNeedDrain || res.writableEnded) return clientReading(req);
    return this.#body?.waitsForClient === true && !res.headersSent ? clientSending(req) : undefined;
  }

  #fail(problem: Problem): void {
    if (this.#conversation.close()) answerOrCut(this.#job, problem);
  }
}
