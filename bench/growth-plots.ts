import type { Panel, Series } from './plot.ts';
import type { Row } from './report.ts';

/** One thing that grows, and what it costs. */
export interface GrowthPlot {
  readonly name: string;
  readonly title: string;
  readonly across: string;
  readonly up: string;
  readonly points: readonly GrowthPoint[];
}

export interface GrowthPoint {
  /** What stands on the axis. */
  readonly at: number;
  readonly case: string;
  /** Units of the case in one of what the plot counts: the cost of one unit times this is drawn. */
  readonly units: number;
  /** The contender that stands for the gate, where it is another at this point. */
  readonly gate?: string;
}

const MIB_IN_GB = (1024 * 1024) / 1e9;
const MICROSECONDS = 1e6;
const SIZES = [1, 16, 256, 1024];
const CLIENTS = [1, 8, 64];
const DRAWN = ['gate', 'nginx', 'caddy'];

export const GROWTH_PLOTS: readonly GrowthPlot[] = [
  bySize('pull'),
  bySize('push'),
  byClients('pull'),
  byClients('push'),
  {
    name: 'users',
    title: 'A small request, by users in the file',
    across: 'users',
    up: 'µs of CPU',
    points: [1, 10, 100, 1000, 10_000].map((at) => ({
      at,
      case: at === 1 ? 'get:8' : `users:8:${at}`,
      units: MICROSECONDS,
    })),
  },
  {
    name: 'rules',
    title: 'A manifest, by rules in the access file',
    across: 'rules (0 drawn at 1)',
    up: 'µs of CPU',
    points: [0, 10, 100, 1000].map((at) => ({
      at: Math.max(1, at),
      case: 'rules:8',
      units: MICROSECONDS,
      ...(at === 0 ? {} : { gate: `gate-rules-${at}` }),
    })),
  },
];

function bySize(direction: 'pull' | 'push'): GrowthPlot {
  return {
    name: `${direction}-size`,
    title: `One ${direction}, by size of the layer`,
    across: 'MiB',
    up: 's of CPU',
    points: SIZES.map((at) => ({ at, case: `${direction}:${at}:1`, units: at * MIB_IN_GB })),
  };
}

function byClients(direction: 'pull' | 'push'): GrowthPlot {
  return {
    name: `${direction}-clients`,
    title: `A ${direction} of 16 MiB by each of N clients at once`,
    across: 'clients',
    up: 's of CPU',
    points: CLIENTS.map((at) => ({ at, case: `${direction}:16:${at}`, units: at * 16 * MIB_IN_GB })),
  };
}

/** What was measured of a plot, as something to draw; points that were not measured are left out. */
export function panelOf({ title, across, up, points }: GrowthPlot, rows: readonly Row[]): Panel {
  const series: Series[] = DRAWN.map((name) => ({
    name,
    points: points.flatMap(({ at, case: from, units, gate }) => {
      // Who knows no rules costs the same at each number of them: that is drawn once.
      if (gate !== undefined && name !== 'gate') return [];
      const row = rows.find(
        (one) => one.case === from && one.side === (name === 'gate' ? (gate ?? name) : name),
      );
      return row === undefined ? [] : [{ at, value: row.cpu * units }];
    }),
  }));
  return {
    title,
    across,
    up,
    isLinear: up.startsWith('µs'),
    series: series.filter((one) => one.points.length > 0),
  };
}
