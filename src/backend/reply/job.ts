import type { IncomingMessage, ServerResponse } from 'node:http';
import { HELD } from '../../lib/streams/idle-watch.ts';
import type { Progress, Wait, Watched } from '../../lib/streams/idle-watch.ts';
import type { Pace } from '../../lib/streams/pace.ts';
import { queuedBytes } from '../../lib/node/queued-bytes.ts';
import { stalledBody } from '../../oci/request/body.ts';
import { createProblem } from '../../oci/problem.ts';
import type { Problem } from '../../oci/problem.ts';
import type { RegistryRequest } from '../../oci/request/request.ts';
import type { UploadSeal } from '../../oci/request/sealed-upload.ts';

export interface Origin {
  /** Address of the client as the gate sees it. */
  readonly address: string;
  /** The name by which the client knows the gate, with its port if it has one. */
  readonly host: string;
  /** The Host that the registry is asked with, where that is not the client's. */
  readonly backendHost?: string | undefined;
  readonly requestId: string;
  /** Who asks, for a registry that wants to know; empty for nobody. */
  readonly asker?: string;
  /** The gate's own word for this request; never the client's. */
  readonly authorization?: string;
  /** The gate's own place in a trace (W3C Trace Context), where requests are traced. */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string };
}

/** One request, authenticated, authorised and parsed. */
export interface Job {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: RegistryRequest;
  readonly origin: Origin;
  /** Most bytes that the body may have; undefined is unlimited. */
  readonly bodyLimit: number | undefined;
  /** How the client knows upload sessions; only where the request is about uploads. */
  readonly uploadSeal?: UploadSeal | undefined;
  /** Answers with a problem. Only while no head was sent. */
  readonly answer: (problem: Problem) => void;
  /** Ends a connection whose answer has begun, so that the client cannot take a part for the whole. */
  readonly cut: (problem: Problem) => void;
  /** Told what a cache did for it. */
  readonly noteCache?: (outcome: 'hit' | 'fill' | 'miss') => void;
  /** How fast its body may go; as fast as it can where there is none. */
  readonly pace?: Pace;
  /** Told of body bytes as they pass. */
  readonly count: (direction: 'received' | 'sent', bytes: number) => void;
}

const SLOW_READER = createProblem('UNAVAILABLE', 'The download stopped moving.', {
  status: 408,
  close: true,
});
const SLOW_DISK = createProblem('UNAVAILABLE', 'The disk of this registry does not answer.', {
  status: 504,
  close: true,
});

/** A job under way: it knows whom it waits for, and how to end. */
export class Transfer implements Watched {
  readonly job: Job;
  waitingFor: 'client-body' | 'client-reading' | 'backend' = 'backend';
  /** Knows whether it waits for its own pace. */
  held: { readonly isHeld: boolean } | undefined;
  /** Steps of the disk; grows. */
  steps = 0;
  /** Ends a body that is being received. */
  stop: ((problem: Problem) => void) | undefined;
  readonly #slow: Problem;

  /** `slow` is what a client is told that waited in vain for us. */
  constructor(job: Job, slow: Problem = SLOW_DISK) {
    this.job = job;
    this.#slow = slow;
  }

  progress(): Progress {
    if (this.held?.isHeld === true) return HELD;
    const { socket } = this.job.req;
    const moved = {
      'client-body': () => socket.bytesRead,
      'client-reading': () => socket.bytesWritten - queuedBytes(socket),
      backend: () => this.steps,
    };
    return { waitingFor: this.waitingFor, moved: moved[this.waitingFor]() };
  }

  expire(wait: Wait): void {
    if (wait === 'client-body' && this.stop !== undefined) this.stop(stalledBody(this.job.request));
    else this.fail(wait === 'client-reading' ? SLOW_READER : this.#slow);
  }

  fail(problem: Problem): void {
    const { res, answer, cut } = this.job;
    if (res.destroyed || res.writableEnded) return;
    if (res.headersSent) cut(problem);
    else answer(problem);
  }
}
