import type { ClientRequest } from 'node:http';
import { stalledBody } from '../../oci/request/body.ts';
import type { Problem } from '../../oci/problem.ts';
import { createProblem } from '../../oci/problem.ts';
import type { RegistryRequest } from '../../oci/request/request.ts';
import type { Progress, Wait, Watched } from '../../lib/streams/idle-watch.ts';
import { queuedBytes } from '../../lib/node/queued-bytes.ts';
import type { Job } from '../reply/job.ts';
import { isConnecting } from '../client/backend-connection.ts';

const OF_WAIT: Readonly<Record<Exclude<Wait, 'client-body'>, Problem>> = {
  connect: createProblem('UNAVAILABLE', 'The registry behind this gate does not take connections.', {
    status: 504,
    close: true,
  }),
  'client-reading': createProblem('UNAVAILABLE', 'The download stopped moving.', {
    status: 408,
    close: true,
  }),
  backend: createProblem('UNAVAILABLE', 'The registry behind this gate does not answer.', {
    status: 504,
    close: true,
  }),
};

/** What is said when somebody was waited for in vain. */
export function expiredBy(wait: Wait, request: RegistryRequest): Problem {
  return wait === 'client-body' ? stalledBody(request) : OF_WAIT[wait];
}

/** A job under way: it knows whom it is waiting for, and how to end. */
export class Transfer implements Watched {
  readonly job: Job;
  /** The request to the backend, once there is one. */
  proxyReq: ClientRequest | undefined;
  #settled = false;
  #responding = false;

  constructor(job: Job) {
    this.job = job;
  }

  /** Whether the outcome is decided: what comes after is an echo of our own clean-up. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The backend's answer has begun: from here on a failure is a cut and never a second answer. */
  get responding(): boolean {
    return this.#responding;
  }

  /** Takes note of the request to the backend, once it has its connection. */
  attach(proxyReq: ClientRequest): void {
    this.proxyReq = proxyReq;
  }

  markResponding(): void {
    this.#responding = true;
  }

  /** Ends the transfer: with this problem if nothing was sent yet, by cutting the connection if an answer has begun. */
  fail(problem: Problem): void {
    if (this.#settled) return;
    this.finish();
    if (!this.job.res.headersSent) {
      this.job.answer(problem);
      return;
    }
    // Node holds the head back until the first byte of the body: what the backend said so far is for the client.
    this.job.res.flushHeaders();
    this.job.cut(problem);
  }

  /** The outcome is decided. A backend that is still waiting for the body, or still answering, is left: it sees a broken request and never a short one. */
  finish(): void {
    if (this.#settled) return;
    this.#settled = true;
    // What still comes of the body is dropped, so that the client gets to read its answer; the server bounds how much.
    this.job.req.unpipe();
    this.job.req.resume();
    if (!this.#isWhole()) this.proxyReq?.destroy();
  }

  #isWhole(): boolean {
    return this.proxyReq?.writableFinished === true && this.job.res.writableFinished;
  }

  progress(): Progress {
    const { req, res } = this.job;
    const upstream = this.proxyReq?.socket ?? undefined;
    if (res.writableNeedDrain || res.writableEnded) {
      return { waitingFor: 'client-reading', moved: req.socket.bytesWritten - queuedBytes(req.socket) };
    }
    if (upstream === undefined || isConnecting(upstream)) return { waitingFor: 'connect', moved: 0 };
    if (this.#wantsBody()) return { waitingFor: 'client-body', moved: req.socket.bytesRead };
    const given = upstream.bytesWritten - queuedBytes(upstream);
    return { waitingFor: 'backend', moved: upstream.bytesRead + given };
  }

  /** The next move is the client's: its body is not in, and the backend would take more of it. */
  #wantsBody(): boolean {
    return !this.#responding && !this.job.req.complete && this.proxyReq?.writableNeedDrain !== true;
  }

  expire(wait: Wait): void {
    this.fail(expiredBy(wait, this.job.request));
  }
}
