import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from '../registry/problem.ts';
import { createProblem } from '../registry/problem.ts';
import type { RegistryRequest } from '../registry/request.ts';
import type { Progress, Wait, Watched } from './idle-watch.ts';
import type { Origin } from './request-headers.ts';

/** One request on its way through: what the forwarder is given. */
export interface ForwardJob {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly request: RegistryRequest;
  readonly origin: Origin;
  /** Most bytes that the body may have; undefined is unlimited. */
  readonly bodyLimit: number | undefined;
  /** Answers with a problem of our own. Only while no head was sent. */
  readonly answer: (problem: Problem) => void;
  /** Ends a connection whose answer has begun, so that the client cannot take a part for the whole. */
  readonly cut: (problem: Problem) => void;
  /** Told of body bytes as they pass. */
  readonly count: (direction: 'received' | 'sent', bytes: number) => void;
}

const OF_WAIT: Readonly<Record<Wait, Problem>> = {
  connect: createProblem('UNAVAILABLE', 'The registry behind this gate does not take connections.', {
    status: 504,
    close: true,
  }),
  'client-body': createProblem('SIZE_INVALID', 'The upload stopped moving.', { status: 408, close: true }),
  'client-reading': createProblem('UNAVAILABLE', 'The download stopped moving.', {
    status: 408,
    close: true,
  }),
  backend: createProblem('UNAVAILABLE', 'The registry behind this gate does not answer.', {
    status: 504,
    close: true,
  }),
};

/** A job under way: it knows whom it is waiting for, and how to end. */
export class Transfer implements Watched {
  readonly job: ForwardJob;
  /** The request to the backend, once there is one. */
  proxyReq: ClientRequest | undefined;
  #settled = false;
  #responding = false;

  constructor(job: ForwardJob) {
    this.job = job;
  }

  /** Whether the outcome is decided: what comes after is an echo of our own clean-up. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The backend's answer has begun: from here on a failure is a cut and never a second answer. */
  markResponding(): void {
    this.#responding = true;
  }

  /** Ends the transfer: with this problem if nothing was sent yet, by cutting the connection if an answer has begun. */
  fail(problem: Problem): void {
    if (this.#settled) return;
    this.#settled = true;
    // What still comes of the body is dropped, so that the client gets to read its answer; the server bounds how much.
    this.job.req.unpipe();
    this.job.req.resume();
    this.proxyReq?.destroy();
    if (this.job.res.headersSent) this.job.cut(problem);
    else this.job.answer(problem);
  }

  finish(): void {
    this.#settled = true;
  }

  progress(): Progress {
    const { req, res } = this.job;
    const upstream = this.proxyReq?.socket ?? undefined;
    if (res.writableNeedDrain) return { waitingFor: 'client-reading', moved: req.socket.bytesWritten };
    if (upstream === undefined || upstream.connecting) return { waitingFor: 'connect', moved: 0 };
    if (this.#wantsBody()) return { waitingFor: 'client-body', moved: req.socket.bytesRead };
    return { waitingFor: 'backend', moved: upstream.bytesRead + upstream.bytesWritten };
  }

  /** The next move is the client's: its body is not in, and the backend would take more of it. */
  #wantsBody(): boolean {
    return !this.#responding && !this.job.req.complete && this.proxyReq?.writableNeedDrain !== true;
  }

  expire(wait: Wait): void {
    this.fail(OF_WAIT[wait]);
  }
}
