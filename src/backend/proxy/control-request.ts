import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { createProxyMiddleware, proxyEventsPlugin } from 'http-proxy-middleware';
import type { Options, RequestHandler } from 'http-proxy-middleware';
import { queuedBytes } from '../../lib/node/queued-bytes.ts';
import type { Progress, Wait, Watched } from '../../lib/streams/idle-watch.ts';
import { bodyLength, tooLarge, typeOfBody } from '../../oci/request/body.ts';
import type { Problem } from '../../oci/problem.ts';
import { judgeFraming } from '../../lib/http1/answer-head.ts';
import { isConnecting } from '../client/backend-connection.ts';
import type { Backend } from '../client/backend.ts';
import { AnswerError, IdleError } from '../client/conversation.ts';
import { handleDeferredWriteErrors } from '../../lib/node/deferred-write-errors.ts';
import { answerOrCut, clientReading, clientSending, type Job } from '../reply/job.ts';
import { crossAnswer, requestHeaders } from './heads.ts';
import { BROKEN_OFF, failureProblem, PROTOCOL_CHANGE, unreachable } from './transport.ts';
import type { ProxyDependencies, Transport } from './transport.ts';

type Middleware = RequestHandler<IncomingMessage, ServerResponse>;
type Hooks = NonNullable<Options<IncomingMessage, ServerResponse>['on']>;

/**
 * Carries what starts, names or deletes something through http-proxy-middleware, each request on a connection of its own:
 * it must never be sent twice. The middleware gets a request whose target and headers are ours already. Its hooks are
 * skipped as soon as a client sends `Expect`, so nothing that protects may live in them.
 */
export function createControlTransport(backend: Backend, dependencies: ControlDependencies): Transport {
  const requests = new WeakMap<IncomingMessage, ControlRequest>();
  const middleware = createMiddleware(backend, createHooks(requests));
  return (job) => {
    prepare(job);
    const request = new ControlRequest(job, dependencies);
    requests.set(job.req, request);
    request.start();
    void middleware(job.req, job.res, (error) => request.fail(unreachable(error)));
  };
}

function createHooks(requests: WeakMap<IncomingMessage, ControlRequest>): Hooks {
  return {
    proxyReq: (proxyReq, req) => requests.get(req)?.attach(proxyReq),
    proxyRes: (proxyRes, req) => requests.get(req)?.onAnswer(proxyRes),
    error: (error, req) => requests.get(req)?.onError(error),
    econnreset: (_error, req) => requests.get(req)?.finish(),
  };
}

function createMiddleware(backend: Backend, on: Hooks): Middleware {
  return createProxyMiddleware<IncomingMessage, ServerResponse>({
    target: targetOf(backend),
    agent: backend.single,
    pathFilter: () => true,
    on,
    // The default plugins answer errors in plain text and log on their own.
    ejectPlugins: true,
    plugins: [proxyEventsPlugin],
  });
}

function targetOf({ options }: Backend): NonNullable<Options['target']> {
  if (options.kind === 'unix')
    return { protocol: 'http:', host: 'localhost', port: 80, socketPath: options.path };
  const host = isIP(options.host) === 6 ? `[${options.host}]` : options.host;
  return `${options.kind}://${host}:${options.port}`;
}

/** Gives the request its canonical target and its header set. */
function prepare({ req, res, request, origin }: Job): void {
  if (req.headers.expect !== undefined) res.writeContinue();
  req.url = request.target;
  const type = typeOfBody(request, req.headers['content-type']);
  req.headers = requestHeaders(req.headers, origin);
  if (type !== undefined) req.headers['content-type'] = type;
}

type ControlDependencies = Omit<ProxyDependencies, 'pool'>;

/** A request that the middleware carries. It judges the answer, watches what is waited for, and settles the outcome. */
export class ControlRequest implements Watched {
  readonly #job: Job;
  readonly #dependencies: ControlDependencies;
  readonly #hasBody: boolean;
  #proxyReq: ClientRequest | undefined;
  #isSettled = false;
  #isAnswering = false;

  constructor(job: Job, dependencies: ControlDependencies) {
    this.#job = job;
    this.#dependencies = dependencies;
    this.#hasBody = bodyLength(job.req.headers) !== 0;
  }

  start(): void {
    const { watch } = this.#dependencies;
    if (this.#hasBody) this.#countBody();
    watch.add(this);
    this.#job.res.once('close', () => {
      watch.remove(this);
      this.finish();
    });
  }

  #countBody(): void {
    const { req, bodyLimit, count } = this.#job;
    let received = 0;
    // A paused stream stays paused when a listener is added; the pipe to the backend sets it going.
    req.pause();
    req.on('data', (chunk: Buffer) => {
      received += chunk.length;
      count('received', chunk.length);
      if (bodyLimit !== undefined && received > bodyLimit) this.fail(tooLarge(bodyLimit));
    });
  }

  /** The request to the backend has its connection. */
  attach(proxyReq: ClientRequest): void {
    this.#proxyReq = proxyReq;
    if (proxyReq.socket !== null && this.#hasBody) handleDeferredWriteErrors(proxyReq.socket);
    // Without a listener a 101 would leave the client without any answer.
    proxyReq.once('upgrade', (_response, socket) => {
      socket.destroy();
      this.fail(PROTOCOL_CHANGE);
    });
    // An unasked 1xx makes the connection suspect: it is not used again.
    proxyReq.once('information', () => {
      proxyReq.shouldKeepAlive = false;
    });
  }

  /** Sends the head of the answer to the client, or a problem in its place. The middleware pipes the body. */
  onAnswer(proxyRes: IncomingMessage): void {
    const { req, res, count } = this.#job;
    const status = proxyRes.statusCode ?? 0;
    const outcome = this.#isSettled ? undefined : this.#judge(proxyRes, status);
    if (outcome?.ok !== true) {
      proxyRes.destroy();
      if (outcome !== undefined) this.fail(outcome.problem);
      return;
    }
    this.#isAnswering = true;
    // Answered before the body was complete: the rest of it is not wanted, and the connection ends here.
    res.writeHead(status, req.complete ? outcome.headers : { ...outcome.headers, connection: 'close' });
    // Whatever comes first: on an error the middleware ends the client's connection, and would leave no reason.
    proxyRes.once('error', () => this.fail(BROKEN_OFF));
    proxyRes.once('close', () => {
      if (!proxyRes.complete) this.fail(BROKEN_OFF);
    });
    proxyRes.on('data', (chunk: Buffer) => count('sent', chunk.length));
  }

  #judge({ headers, httpVersion }: IncomingMessage, status: number): ReturnType<typeof crossAnswer> {
    const isHead = this.#job.req.method === 'HEAD';
    const framed = judgeFraming(headers, { status, isOld: httpVersion === '1.0', isHead });
    if (framed.ok)
      return crossAnswer({ status, headers, framing: framed.framing }, this.#job, this.#dependencies);
    return { ok: false, problem: this.#problemOf(new AnswerError(framed.fault)) };
  }

  onError(error: Error): void {
    if (this.#isSettled) return;
    const { req } = this.#job;
    if (req.socket.destroyed) this.finish();
    else if (this.#isAnswering) {
      // The backend has answered and wants no more of the body. Whether its answer comes whole shows in the answer.
      req.unpipe();
      req.resume();
    } else this.fail(this.#problemOf(error));
  }

  expire(wait: Wait): void {
    this.fail(this.#problemOf(new IdleError(wait)));
  }

  #problemOf(error: Error): Problem {
    return failureProblem(error, this.#job, this.#dependencies.report);
  }

  fail(problem: Problem): void {
    if (this.finish()) answerOrCut(this.#job, problem);
  }

  /**
   * Settles the outcome. A backend that still waits for the body, or still answers, sees a broken request and never a
   * short one. Returns whether the outcome was open.
   */
  finish(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    const { req, res } = this.#job;
    // The rest of the body is dropped, so that the client gets to read its answer; the server bounds how much.
    req.unpipe();
    req.resume();
    if (this.#proxyReq?.writableFinished !== true || !res.writableFinished) this.#proxyReq?.destroy();
    return true;
  }

  progress(): Progress {
    const { req, res } = this.#job;
    const upstream = this.#proxyReq?.socket ?? undefined;
    if (res.writableNeedDrain || res.writableEnded) return clientReading(req);
    if (upstream === undefined || isConnecting(upstream)) return { waitingFor: 'connect', moved: 0 };
    if (this.#wantsBody()) return clientSending(req);
    const given = upstream.bytesWritten - queuedBytes(upstream);
    return { waitingFor: 'backend', moved: upstream.bytesRead + given };
  }

  /** Whether the next move is the client's: its body is not complete, and the backend would take more of it. */
  #wantsBody(): boolean {
    return !this.#isAnswering && !this.#job.req.complete && this.#proxyReq?.writableNeedDrain !== true;
  }
}
