/** The description of a metric. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence, for the page and the reference. */
  readonly help: string;
  /** Every label with its values: few, and none of them from a client. */
  readonly labels: Readonly<Record<string, string>>;
}

const ACTION = '`pull`, `push`, `delete`, `other`';
const ROUTE =
  '`base`, `catalog`, `tags`, `manifest`, `blob`, `uploads`, `upload`, `referrers`, `token`, `health`, `page`, `other`';
const PLACE = '`registry` (the embedded one), `state`, `cache`';

/** Every metric of the gate. Users, repositories and addresses are never labels, since their number is unbounded. */
export const METRICS = {
  registry_gate_requests_total: {
    type: 'counter',
    help: 'Finished requests, by the class of their response; none if the client left before it.',
    labels: { action: ACTION, route: ROUTE, status: '`1xx` to `5xx`, `none`' },
  },
  registry_gate_request_duration_seconds: {
    type: 'histogram',
    help: 'Duration of requests, from the head to the last byte of the response.',
    labels: { action: ACTION, route: ROUTE },
  },
  registry_gate_requests_in_progress: {
    type: 'gauge',
    help: 'Requests in progress; transfers are those of the routes blob and upload.',
    labels: { action: ACTION, route: ROUTE },
  },
  registry_gate_received_bytes_total: {
    type: 'counter',
    help: 'Body bytes from clients, including transfers in progress.',
    labels: { action: ACTION, route: ROUTE },
  },
  registry_gate_sent_bytes_total: {
    type: 'counter',
    help: 'Body bytes to clients, including transfers in progress.',
    labels: { action: ACTION, route: ROUTE },
  },
  registry_gate_broken_off_total: {
    type: 'counter',
    help: 'Responses that were not completed: the client left, or the gate had to cut them.',
    labels: { by: '`client`, `gate`' },
  },
  registry_gate_connections: {
    type: 'gauge',
    help: 'Open connections of clients, including idle ones.',
    labels: {},
  },
  registry_gate_connections_refused_total: {
    type: 'counter',
    help: 'Connections that were closed at once because of a limit on connections or on open files.',
    labels: {},
  },
  registry_gate_upload_commit_duration_seconds: {
    type: 'histogram',
    help: 'Time from the last byte of a layer to the response that it is stored. Clients built on containerd give up after 30 s.',
    labels: {},
  },
  registry_gate_failed_logins_total: {
    type: 'counter',
    help: 'Wrong passwords or machine token secrets, and invalid or expired tokens.',
    labels: { shown: '`password`, `token`' },
  },
  registry_gate_denied_total: {
    type: 'counter',
    help: 'Requests of authenticated clients that no rule allows.',
    labels: {},
  },
  registry_gate_throttled_total: {
    type: 'counter',
    help: 'Requests that were told to come back later (429).',
    labels: {},
  },
  registry_gate_password_hash_duration_seconds: {
    type: 'histogram',
    help: 'Duration of slow password hashes, including the wait for a thread.',
    labels: {},
  },
  registry_gate_password_hashes_in_progress: {
    type: 'gauge',
    help: 'Passwords that are being verified or wait for it.',
    labels: {},
  },
  registry_gate_password_hash_queue_limit: {
    type: 'gauge',
    help: 'How many passwords may wait, in all workers together: limits.hashQueue.',
    labels: {},
  },
  registry_gate_password_hashes_refused_total: {
    type: 'counter',
    help: 'Passwords that were not verified because too many were waiting (503).',
    labels: {},
  },
  registry_gate_cache_requests_total: {
    type: 'counter',
    help: 'Requested layers, if there is a cache: from the disk (hit), from a fill in progress (join), or from the registry (miss).',
    labels: { result: '`hit`, `join`, `miss`' },
  },
  registry_gate_cache_fills_total: {
    type: 'counter',
    help: 'Layers that were stored in the cache.',
    labels: {},
  },
  registry_gate_cache_evictions_total: {
    type: 'counter',
    help: 'Layers that were deleted from the cache to make room.',
    labels: {},
  },
  registry_gate_cache_served_bytes_total: {
    type: 'counter',
    help: 'Bytes of layers that were served from the cache.',
    labels: {},
  },
  registry_gate_cache_resident_bytes: {
    type: 'gauge',
    help: 'Bytes in the cache. Workers share it: take the largest value.',
    labels: {},
  },
  registry_gate_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the certificate in use expires, in seconds since 1970.',
    labels: {},
  },
  registry_gate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'The earliest expiry of each kind, in seconds since 1970.',
    labels: {
      kind: '`certificate`, `intermediate`, `CA`, `backend CA`, `token certificate`, `machine token`',
    },
  },
  registry_gate_backend_up: {
    type: 'gauge',
    help: 'Whether the registry behind the gate answers: 1 or 0. Checked at each scrape.',
    labels: {},
  },
  registry_gate_disk_free_bytes: {
    type: 'gauge',
    help: 'Free space where the gate writes.',
    labels: { place: PLACE },
  },
  registry_gate_disk_size_bytes: {
    type: 'gauge',
    help: 'Size of the file system where the gate writes.',
    labels: { place: PLACE },
  },
  registry_gate_event_loop_delay_seconds: {
    type: 'gauge',
    help: 'Delay of the event loop since the previous scrape.',
    labels: { percentile: '`50`, `99`, `100`' },
  },
  registry_gate_build_info: {
    type: 'gauge',
    help: 'Always 1; the version of the gate and of Node.js.',
    labels: { version: 'of the gate', node: 'of Node.js' },
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'Processor time, user and system, all threads.',
    labels: {},
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory.',
    labels: {},
  },
  process_open_fds: {
    type: 'gauge',
    help: 'Open file descriptors. Only on Linux.',
    labels: {},
  },
  process_max_fds: {
    type: 'gauge',
    help: 'Limit on open file descriptors. Only on Linux.',
    labels: {},
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, in seconds since 1970.',
    labels: {},
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof METRICS;

/** One line of the page. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** For the parts of a histogram: `..._bucket`, `..._sum`, `..._count`. */
  readonly metricName?: string;
}

/** The current values of one metric. */
export interface Reading {
  readonly name: MetricName;
  readonly samples: readonly Sample[];
}

/** Returns a reading without labels. */
export function readingOf(name: MetricName, value: number): Reading {
  return { name, samples: [{ labels: {}, value }] };
}
