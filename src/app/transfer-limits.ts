import type { Config } from '../config/schema/schema.ts';
import { inPace } from '../lib/streams/pace.ts';
import { networkOf } from '../lib/network.ts';
import { Bandwidth } from '../limits/bandwidth.ts';
import type { Traffic } from '../limits/bandwidth.ts';
import type { Job } from '../backend/reply/job.ts';
import { bodyLength } from '../oci/request/body.ts';
import { createProblem } from '../oci/problem.ts';
import { createTopic } from '../cluster/bus.ts';
import type { Bus } from '../cluster/bus.ts';
import type { Limiter } from '../limits/concurrency-limiter.ts';

export interface TransferLimitsOptions {
  readonly limits: Pick<Config['limits'], 'bandwidth' | 'bandwidthPerUser'>;
  /** Undefined where there may be any number of transfers. */
  readonly limiter: Limiter | undefined;
  readonly bus: Bus;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

type Forward = (job: Job) => void;

/**
 * For who waited in vain. containerd, skopeo, crane and oras try again after this answer, docker after 503 alone, which
 * for skopeo is the end: so all wait in line first, and few ever see it.
 */
const FULL = createProblem(
  'TOOMANYREQUESTS',
  'Too many layers are on their way at the same time. Try again in a moment, or with fewer at once.',
  { headers: { 'Retry-After': '5' } },
);

/** The same way to the registry, with a turnstile and a pace for what carries layers. Without limits it is that way itself. */
export function limitTransfers(options: TransferLimitsOptions, forward: Forward): Forward {
  const { limiter } = options;
  const paced = withPace(openBandwidth(options), forward);
  if (limiter === undefined && paced === forward) return forward;
  return (job) => {
    if (!isTransfer(job)) forward(job);
    else if (limiter === undefined) paced(job);
    else queue(job, limiter, paced);
  };
}

function queue(job: Job, limiter: Limiter, pass: Forward): void {
  const { res, answer } = job;
  const { granted: isInside, release: leave } = limiter.acquire(keyOf(job));
  res.once('close', leave);
  const settle = (admitted: boolean): void => {
    if (res.destroyed) return;
    if (admitted) pass(job);
    else answer(FULL);
  };
  if (isInside instanceof Promise) void isInside.then(settle);
  else settle(isInside);
}

function withPace(bandwidth: Bandwidth | undefined, forward: Forward): Forward {
  if (bandwidth === undefined) return forward;
  return (job) => {
    const ration = bandwidth.begin(keyOf(job), job.request.method === 'GET' ? 'sent' : 'received');
    job.res.once('close', ration.end);
    const count: Job['count'] = (direction, bytes) => {
      job.count(direction, bytes);
      ration.charge(direction, bytes);
    };
    // A thousand small layers are as much as a large one.
    inPace(ration.pace, () => {
      if (!job.res.destroyed) forward({ ...job, count, pace: ration.pace });
    });
  };
}

/** What may carry a layer, up or down. */
function isTransfer({ req, request: { method, route } }: Job): boolean {
  if (route.kind === 'blob') return method === 'GET';
  return (route.kind === 'upload' || route.kind === 'uploads') && bodyLength(req.headers) !== 0;
}

function keyOf({ origin: { asker = '', address } }: Job): string {
  return asker === '' ? `at ${networkOf(address)}` : `of ${asker}`;
}

interface Report extends Traffic {
  readonly slot: number;
}

const TRAFFIC = createTopic('traffic', isReport, (value) => value === undefined);
/** Changes within this time are told in one. */
const TELL_MS = 20;
/** How often it is told all the same, and how long it is believed: a worker that died has no traffic. */
const REPEAT_MS = 2000;
const BELIEVE_MS = 5000;

function openBandwidth({ limits, bus, now }: TransferLimitsOptions): Bandwidth | undefined {
  const { bandwidth: all, bandwidthPerUser: each } = limits;
  if (all === undefined && each === undefined) return undefined;
  if (bus.size === 1) return new Bandwidth({ all, each, now });
  let timer: NodeJS.Timeout | undefined;
  let isSoon = false;
  const tellIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(tell, ms).unref();
  };
  const tell = (): void => {
    isSoon = false;
    const traffic = bandwidth.traffic();
    bus.publish(TRAFFIC, { slot: bus.slot, ...traffic });
    if (traffic.all > 0) tellIn(REPEAT_MS);
  };
  const onChange = (): void => {
    if (!isSoon) tellIn(TELL_MS);
    isSoon = true;
  };
  const bandwidth = new Bandwidth({ all, each, now, onChange });
  const reports = new Map<number, { readonly report: Report; readonly until: number }>();
  bus.handle(TRAFFIC, (report) => {
    reports.set(report.slot, { report, until: now() + BELIEVE_MS });
    bandwidth.share();
  });
  bandwidth.follow(() =>
    [...reports.values()].filter(({ until }) => until > now()).map(({ report }) => report),
  );
  return bandwidth;
}

function isReport(value: unknown): value is Report {
  if (typeof value !== 'object' || value === null) return false;
  const { slot, all, of } = value as Partial<Report>;
  return typeof slot === 'number' && typeof all === 'number' && typeof of === 'object';
}
