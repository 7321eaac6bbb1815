import type { IncomingMessage, ServerResponse } from 'node:http';
import { HELD, type Progress, type Wait, type Watched, type Pace } from '../../lib/streams/idle-watch.ts';
import { flushResponse } from '../../lib/node/flush-response.ts';
import { queuedBytes } from '../../lib/node/queued-bytes.ts';
import { stalledBody } from '../../oci/request/body.ts';
import { createProblem, type Problem } from '../../oci/problem.ts';
import type { RegistryRequest } from '../../oci/request/parse.ts';
import type { UploadSeal } from '../../oci/request/sealed-upload.ts';

/** Where a request comes from, and what is added to it on its way to a registry. */
export interface Origin {
  /** Address of the client as the gate sees it. */
  readonly address: string;
  /** The name by which the client knows the gate, with its port if it has one. */
  readonly host: string;
  /** The Host of the request to the registry, if it is not the client's. */
  readonly backendHost?: string | undefined;
  readonly requestId: string;
  /** The name of the principal, for a registry that needs it; absent or empty for anonymous clients. */
  readonly account?: string;
  /** Whom the limits of one user count for; absent or empty for anonymous clients. */
  readonly charged?: string;
  /** The credentials of the gate for this request; never the client's. */
  readonly authorization?: string;
  /** The span of the gate in a trace (W3C Trace Context), if requests are traced. */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string };
}

/** One request, authenticated, authorised and parsed. */
export interface Job {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: RegistryRequest;
  readonly origin: Origin;
  /** The most bytes of the body; undefined is unlimited. */
  readonly bodyLimit: number | undefined;
  /** Seals the names of upload sessions; only for requests about uploads. */
  readonly uploadSeal?: UploadSeal | undefined;
  /** Answers with a problem. Only valid before a head was sent. */
  readonly answer: (problem: Problem) => void;
  /** Ends a connection whose answer has begun, so that the client cannot take a part of it for the whole. */
  readonly cut: (problem: Problem) => void;
  /** Called with what the cache did. */
  readonly noteCache?: (outcome: 'hit' | 'fill' | 'miss') => void;
  /** How fast the body may go; unlimited without it. */
  readonly pace?: Pace;
  /** Called with the bytes of a body as they pass. */
  readonly count: (direction: 'received' | 'sent', bytes: number) => void;
}

/** Answers with a problem, or ends the connection if an answer has begun. */
export function answerOrCut({ res, answer, cut }: Job, problem: Problem): void {
  if (!res.headersSent) {
    answer(problem);
    return;
  }
  // The client gets what the answer said so far.
  flushResponse(res);
  cut(problem);
}

const timedOut = (message: string, status: 408 | 504): Problem =>
  createProblem('UNAVAILABLE', message, { status, close: true });

const IDLE: Readonly<Record<Exclude<Wait, 'client-body'>, Problem>> = {
  connect: timedOut('The registry behind this gate does not take connections.', 504),
  'client-reading': timedOut('The download stopped moving.', 408),
  backend: timedOut('The registry behind this gate does not answer.', 504),
};

const SLOW_DISK = timedOut('The disk of this registry does not answer.', 504);

/** The problem of a request in which nothing moved for as long as this wait may last. */
export function idleProblem(wait: Wait, request: RegistryRequest): Problem {
  return wait === 'client-body' ? stalledBody(request) : IDLE[wait];
}

/** A client that has to read its answer. */
export function clientReading({ socket }: IncomingMessage): Progress {
  return { waitingFor: 'client-reading', moved: socket.bytesWritten - queuedBytes(socket) };
}

/** A client that has to send its body. */
export function clientSending({ socket }: IncomingMessage): Progress {
  return { waitingFor: 'client-body', moved: socket.bytesRead };
}

/** A job that is answered from a disk, or received there. */
export class Transfer implements Watched {
  readonly job: Job;
  waitingFor: 'client-body' | 'client-reading' | 'backend' = 'backend';
  /** Whether it waits for its own pace. */
  held: { readonly isHeld: boolean } | undefined;
  /** Steps of the disk; grows. */
  steps = 0;
  /** Ends a body that is being received. */
  stop: ((problem: Problem) => void) | undefined;
  readonly #awaited: 'disk' | 'backend';

  /** `awaited`: what does not answer if nothing moves. */
  constructor(job: Job, awaited: 'disk' | 'backend' = 'disk') {
    this.job = job;
    this.#awaited = awaited;
  }

  progress(): Progress {
    if (this.held?.isHeld === true) return HELD;
    if (this.waitingFor === 'client-reading') return clientReading(this.job.req);
    if (this.waitingFor === 'client-body') return clientSending(this.job.req);
    return { waitingFor: 'backend', moved: this.steps };
  }

  expire(wait: Wait): void {
    if (wait === 'client-body' && this.stop !== undefined) this.stop(stalledBody(this.job.request));
    else if (wait === 'client-reading') this.fail(IDLE[wait]);
    else this.fail(this.#awaited === 'disk' ? SLOW_DISK : IDLE.backend);
  }

  fail(problem: Problem): void {
    const { res } = this.job;
    if (!res.destroyed && !res.writableEnded) answerOrCut(this.job, problem);
  }
}
