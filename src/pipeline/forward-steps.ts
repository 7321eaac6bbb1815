import type { Job } from '../backend/reply/job.ts';
import { contextOf } from '../http/context.ts';
import { networkOf } from '../lib/network.ts';
import { inPace } from '../lib/streams/idle-watch.ts';
import type { Bandwidth } from '../limits/bandwidth.ts';
import type { Limiter } from '../limits/concurrency-limiter.ts';
import type { Tracing } from '../observe/tracing/tracing.ts';
import { createProblem } from '../oci/problem.ts';
import { bodyLength } from '../oci/request/body.ts';
import type { ForwardStep } from './stage.ts';

/**
 * For transfers that waited in vain. containerd, skopeo, crane and oras repeat a request after this answer; docker repeats
 * after 503 alone, which skopeo takes for the end. That is why transfers wait first, and clients rarely see this.
 */
const FULL = createProblem(
  'TOOMANYREQUESTS',
  'Too many layers are on their way at the same time. Try again in a moment, or with fewer at once.',
  { headers: { 'Retry-After': '5' } },
);

/** Lets a transfer go on once it has a permit, which it gives back when its answer has ended. */
export function limitTransfers(limiter: Limiter): ForwardStep {
  return (next) => (job) => {
    if (!isTransfer(job)) {
      next(job);
      return;
    }
    const { res, answer } = job;
    const { granted, release } = limiter.acquire(keyOf(job));
    res.once('close', release);
    const settle = (isGranted: boolean): void => {
      if (res.destroyed) return;
      if (isGranted) next(job);
      else answer(FULL);
    };
    if (granted instanceof Promise) void granted.then(settle);
    else settle(granted);
  };
}

/** Holds transfers to the bandwidth of all and of each user. */
export function paceTransfers(bandwidth: Bandwidth): ForwardStep {
  return (next) => (job) => {
    if (!isTransfer(job)) {
      next(job);
      return;
    }
    const ration = bandwidth.begin(keyOf(job), job.request.method === 'GET' ? 'sent' : 'received');
    job.res.once('close', ration.end);
    const count: Job['count'] = (direction, bytes) => {
      job.count(direction, bytes);
      ration.charge(direction, bytes);
    };
    // Also before the first byte: a thousand small layers are as much as a large one.
    inPace(ration.pace, () => {
      if (!job.res.destroyed) next({ ...job, count, pace: ration.pace });
    });
  };
}

/** Begins the span of the request, and names it to the registry. */
export function traceRequests(tracing: Tracing): ForwardStep {
  return (next) => (job) => {
    const { req, request, origin } = job;
    const { id, startedAt, traceparent } = contextOf(req);
    const { tracestate } = req.headers;
    const trace = tracing.begin({
      id,
      startedAt,
      request,
      host: origin.host,
      isKnown: origin.account !== undefined && origin.account !== '',
      traceparent,
      tracestate: typeof tracestate === 'string' ? tracestate : undefined,
    });
    next({ ...job, origin: { ...origin, trace } });
  };
}

/** Whether a request may carry a layer, up or down. */
function isTransfer({ req, request: { method, route } }: Job): boolean {
  if (route.kind === 'blob') return method === 'GET';
  return (route.kind === 'upload' || route.kind === 'uploads') && bodyLength(req.headers) !== 0;
}

/** A user counts by name, with the tokens that the user made; an anonymous client by network. */
function keyOf({ origin: { charged = '', address } }: Job): string {
  return charged === '' ? `at ${networkOf(address)}` : `of ${charged}`;
}
