import type { Action, RegistryRequest } from '../../oci/request/parse.ts';
import type { RouteKind } from '../../oci/request/route.ts';
import type { Exchange } from '../exchange.ts';
import { Histogram } from './histogram.ts';
import type { MetricName, Reading, Sample } from './table.ts';

/** A request in progress. */
export interface RequestInProgress {
  readonly request: RegistryRequest | undefined;
  /** The target as the client wrote it, or its path. */
  readonly path: string | undefined;
  readonly received: number;
  readonly sent: number;
}

/** Counts finished requests and reads those in progress. */
export interface ExchangeCounts {
  /** On the hot path: it only changes plain numbers. */
  observe(exchange: Exchange): void;
  readings(inProgress: Iterable<RequestInProgress>): Reading[];
}

/** From an answer out of memory to a layer of ten gigabytes over a slow line. */
const DURATIONS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300, 1800] as const;
const COMMITS = [0.05, 0.25, 1, 2.5, 5, 10, 20, 30, 60, 300] as const;
const STATUSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

export function createExchangeCounts(): ExchangeCounts {
  const rows = createRows();
  const commits = new Histogram(COMMITS);
  const count = { client: 0, gate: 0, password: 0, token: 0, denied: 0, throttled: 0 };

  const countTrouble = ({ outcome, problem, failedLogin }: Exchange): void => {
    if (outcome === 'client-left') count.client += 1;
    else if (outcome === 'cut') count.gate += 1;
    if (problem?.code === 'DENIED') count.denied += 1;
    else if (problem?.code === 'TOOMANYREQUESTS') count.throttled += 1;
    if (failedLogin === 'wrong-password') count.password += 1;
    else if (failedLogin === 'wrong-token') count.token += 1;
  };

  return {
    observe: (exchange) => {
      rows.of(exchange.request, exchange.path).add(exchange);
      if (exchange.outcome !== 'complete' || exchange.problem !== undefined) countTrouble(exchange);
      else if (isCommit(exchange)) commits.observe((exchange.millisecondsSinceBody ?? 0) / 1000);
    },
    readings: (inProgress) => [
      ...rows.readings(inProgress),
      {
        name: 'registry_gate_upload_commit_duration_seconds',
        samples: commits.samples('registry_gate_upload_commit_duration_seconds', {}),
      },
      labelled('registry_gate_broken_off_total', 'by', { client: count.client, gate: count.gate }),
      labelled('registry_gate_failed_logins_total', 'shown', {
        password: count.password,
        token: count.token,
      }),
      labelled('registry_gate_denied_total', '', { '': count.denied }),
      labelled('registry_gate_throttled_total', '', { '': count.throttled }),
    ],
  };
}

/** Reports whether an upload was finished and accepted by the registry. */
function isCommit({ request, status }: Exchange): boolean {
  return request?.method === 'PUT' && request.route.kind === 'upload' && status === 201;
}

function labelled(name: MetricName, label: string, values: Readonly<Record<string, number>>): Reading {
  const samples = Object.entries(values).map(([key, value]) => ({
    labels: label === '' ? {} : { [label]: key },
    value,
  }));
  return { name, samples };
}

type RouteLabel = RouteKind | 'token' | 'health' | 'page' | 'other';
type ActionLabel = Action | 'other';

const ROUTE_OF_PATH: ReadonlyMap<string | undefined, RouteLabel> = new Map([
  ['/token', 'token'],
  ['/healthz', 'health'],
  ['/readyz', 'health'],
  ['/ca.crt', 'page'],
  ['/ca.sha256', 'page'],
  ['/trust.sh', 'page'],
  ['/trust.ps1', 'page'],
]);

/** The counts of one route and action. */
class Row {
  readonly labels: { readonly action: ActionLabel; readonly route: RouteLabel };
  readonly durations = new Histogram(DURATIONS);
  /** In the order of STATUSES. */
  readonly statuses = STATUSES.map(() => 0);
  received = 0;
  sent = 0;
  inProgress = 0;
  /** The values shown last: a transfer that has just ended must not decrease them. */
  shownReceived = 0;
  shownSent = 0;

  constructor(action: ActionLabel, route: RouteLabel) {
    this.labels = { action, route };
  }

  add({ status, received, sent, milliseconds }: Exchange): void {
    const at = Math.trunc(status / 100);
    this.statuses[at] = (this.statuses[at] ?? 0) + 1;
    this.received += received;
    this.sent += sent;
    this.durations.observe(milliseconds / 1000);
  }
}

interface Rows {
  of(request: RegistryRequest | undefined, path: string | undefined): Row;
  readings(inProgress: Iterable<RequestInProgress>): Reading[];
}

function createRows(): Rows {
  const all: Row[] = [];
  const byRoute = new Map<RouteLabel, Map<ActionLabel, Row>>();

  const rowOf = (action: ActionLabel, route: RouteLabel): Row => {
    let byAction = byRoute.get(route);
    if (byAction === undefined) byRoute.set(route, (byAction = new Map()));
    let row = byAction.get(action);
    if (row === undefined) {
      row = new Row(action, route);
      byAction.set(action, row);
      all.push(row);
    }
    return row;
  };
  const of: Rows['of'] = (request, path) =>
    request === undefined
      ? rowOf('other', ROUTE_OF_PATH.get(path) ?? 'other')
      : rowOf(request.action ?? 'other', request.route.kind);
  const reading = (name: MetricName, samplesOf: (row: Row) => Sample[]): Reading => ({
    name,
    samples: all.flatMap(samplesOf),
  });

  return {
    of,
    readings: (inProgress) => {
      countInProgress(inProgress, of, all);
      return [
        reading('registry_gate_requests_total', ({ statuses, labels }) =>
          STATUSES.map((status, at) => ({ labels: { ...labels, status }, value: statuses[at] ?? 0 })).filter(
            ({ value }) => value > 0,
          ),
        ),
        reading('registry_gate_request_duration_seconds', ({ durations, labels }) =>
          durations.samples('registry_gate_request_duration_seconds', labels),
        ),
        reading('registry_gate_requests_in_progress', (row) => [
          { labels: row.labels, value: row.inProgress },
        ]),
        reading('registry_gate_received_bytes_total', (row) => [
          { labels: row.labels, value: row.shownReceived },
        ]),
        reading('registry_gate_sent_bytes_total', (row) => [{ labels: row.labels, value: row.shownSent }]),
      ];
    },
  };
}

/** Counts requests in progress, and adds their bytes to those counted. */
function countInProgress(inProgress: Iterable<RequestInProgress>, of: Rows['of'], all: readonly Row[]): void {
  const bytes = new Map<Row, { received: number; sent: number }>();
  for (const row of all) row.inProgress = 0;
  for (const { request, path, received, sent } of inProgress) {
    const row = of(request, path?.split('?', 1)[0]);
    const more = bytes.get(row) ?? { received: 0, sent: 0 };
    bytes.set(row, { received: more.received + received, sent: more.sent + sent });
    row.inProgress += 1;
  }
  for (const row of all) {
    const { received = 0, sent = 0 } = bytes.get(row) ?? {};
    row.shownReceived = Math.max(row.shownReceived, row.received + received);
    row.shownSent = Math.max(row.shownSent, row.sent + sent);
  }
}
