import type { Config } from '../../config/schema/schema.ts';
import { Bandwidth, type Traffic } from '../../limits/bandwidth.ts';
import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';

interface Report extends Traffic {
  readonly slot: number;
}

const TRAFFIC = createTopic('traffic', isReport, isNothing);
/** Changes within this time go into one report, so that there are at most 50 a second, however many transfers there are. */
const DELAY_MS = 20;
/** How often a report is repeated, and how long it is believed: a worker that died has no traffic. */
const REPEAT_MS = 2000;
const BELIEVE_MS = 5000;

interface BandwidthOptions {
  readonly limits: Pick<Config['limits'], 'bandwidth' | 'bandwidthPerUser'>;
  readonly bus: Bus;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** The bandwidth of this process, as its transfers are of those of all workers. Undefined where it is not limited. */
export function openBandwidth({ limits, bus, now }: BandwidthOptions): Bandwidth | undefined {
  const { bandwidth: all, bandwidthPerUser: each } = limits;
  if (all === undefined && each === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  let isDue = false;
  const reportIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(report, ms).unref();
  };
  const report = (): void => {
    isDue = false;
    const traffic = bandwidth.traffic();
    bus.publish(TRAFFIC, { slot: bus.slot, ...traffic });
    if (traffic.all > 0) reportIn(REPEAT_MS);
  };
  const onChange = (): void => {
    if (!isDue) reportIn(DELAY_MS);
    isDue = true;
  };
  const bandwidth = new Bandwidth({ all, each, now, onChange });
  const reports = new Map<number, { readonly report: Report; readonly until: number }>();
  bus.handle(TRAFFIC, (received) => {
    reports.set(received.slot, { report: received, until: now() + BELIEVE_MS });
    bandwidth.share();
  });
  bandwidth.follow(() =>
    reports.size === 0
      ? NO_REPORTS
      : [...reports.values()].filter(({ until }) => until > now()).map((one) => one.report),
  );
  return bandwidth;
}

const NO_REPORTS: readonly Report[] = [];

function isReport(value: unknown): value is Report {
  if (typeof value !== 'object' || value === null) return false;
  const { slot, all, of } = value as Partial<Report>;
  return typeof slot === 'number' && typeof all === 'number' && typeof of === 'object';
}
