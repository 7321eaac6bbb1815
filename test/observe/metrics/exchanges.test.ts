import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/observe/exchange.ts';
import { createExchangeCounts } from '../../../src/observe/metrics/exchanges.ts';
import type { ExchangeCounts, RequestInProgress } from '../../../src/observe/metrics/exchanges.ts';
import { METRICS } from '../../../src/observe/metrics/table.ts';
import { DIGEST, exchangeOf } from '../../support/exchange.ts';

const BLOB = `/v2/a/blobs/${DIGEST}`;
const UPLOAD = '/v2/a/blobs/uploads/5';

/** `name{label=value,...}` to value, of all that is not zero; histograms by their count alone. */
function read(counts: ExchangeCounts, underWay: readonly RequestInProgress[] = []): Record<string, number> {
  const lines = counts.readings(underWay).flatMap(({ name, samples }) =>
    samples
      .filter(({ metricName, value }) => value !== 0 && (metricName ?? `${name}_count`).endsWith('_count'))
      .map(({ metricName, labels, value }): [string, number] => {
        const pairs = Object.entries(labels).map(([key, text]) => `${key}=${text}`);
        return [`${(metricName ?? name).replace('registry_gate_', '')}{${pairs.join(',')}}`, value];
      }),
  );
  return Object.fromEntries(lines);
}

function counted(...exchanges: readonly Exchange[]): Record<string, number> {
  const counts = createExchangeCounts();
  for (const exchange of exchanges) counts.observe(exchange);
  return read(counts);
}

describe('a request is counted by what it asked and what came of it', () => {
  const CASES: readonly (readonly [string, Exchange, string])[] = [
    ['a manifest', exchangeOf('GET /v2/a/manifests/latest'), 'action=pull,route=manifest,status=2xx'],
    ['a blob', exchangeOf(`HEAD ${BLOB}`, { status: 307 }), 'action=pull,route=blob,status=3xx'],
    [
      'a blob that goes',
      exchangeOf(`DELETE ${BLOB}`, { status: 202 }),
      'action=delete,route=blob,status=2xx',
    ],
    ['an upload', exchangeOf(`PATCH ${UPLOAD}`, { status: 500 }), 'action=push,route=upload,status=5xx'],
    ['a client that left', exchangeOf(`GET ${BLOB}`, { status: 0 }), 'action=pull,route=blob,status=none'],
    ['the base', exchangeOf('GET /v2/', { status: 401 }), 'action=other,route=base,status=4xx'],
    ['the catalog', exchangeOf('GET /v2/_catalog'), 'action=other,route=catalog,status=2xx'],
    ['tokens', exchangeOf('POST /token'), 'action=other,route=token,status=2xx'],
    ['health', exchangeOf('GET /readyz'), 'action=other,route=health,status=2xx'],
    ['the CA', exchangeOf('GET /ca.crt'), 'action=other,route=page,status=2xx'],
    ['nonsense', exchangeOf('GET /wp-login.php', { status: 404 }), 'action=other,route=other,status=4xx'],
    ['no path', exchangeOf('GET x', { path: undefined, status: 400 }), 'action=other,route=other,status=4xx'],
  ];
  it.each(CASES)('%s', (_name, exchange, labels) => {
    expect(counted(exchange)[`requests_total{${labels}}`]).toBe(1);
    const [action, route] = labels.split(',');
    expect(counted(exchange, exchange)[`request_duration_seconds_count{${action},${route}}`]).toBe(2);
  });

  it('whatever strangers ask, there are no more lines', () => {
    const counts = createExchangeCounts();
    for (let i = 0; i < 1000; i += 1) counts.observe(exchangeOf(`GET /stranger/${i}`, { status: 404 }));
    expect(Object.keys(read(counts))).toHaveLength(2);
  });
});

describe('what goes wrong is counted by its kind', () => {
  const CASES: readonly (readonly [string, Partial<Exchange>, string | undefined])[] = [
    ['a wrong password', { failedLogin: 'wrong-password' }, 'failed_logins_total{shown=password}'],
    ['a wrong token', { failedLogin: 'wrong-token' }, 'failed_logins_total{shown=token}'],
    ['nobody yet', {}, undefined],
    ['a denial', { status: 403, problem: { code: 'DENIED', reason: '' } }, 'denied_total{}'],
    [
      'a throttled one',
      { status: 429, problem: { code: 'TOOMANYREQUESTS', reason: '' } },
      'throttled_total{}',
    ],
    ['a client that left', { outcome: 'client-left', problem: undefined }, 'broken_off_total{by=client}'],
    ['an answer that was cut', { outcome: 'cut' }, 'broken_off_total{by=gate}'],
  ];
  const OF_REQUESTS = /^(?:requests_total|request_duration)/;
  it.each(CASES)('%s', (_name, change, line) => {
    const problem = { code: 'UNAUTHORIZED', reason: '' };
    const lines = counted(exchangeOf(`GET ${BLOB}`, { status: 401, problem, ...change }));
    expect(Object.keys(lines).filter((name) => !OF_REQUESTS.test(name))).toEqual(
      line === undefined ? [] : [line],
    );
  });
});

describe('the wait after a layer', () => {
  const CASES: readonly (readonly [string, Exchange, number | undefined])[] = [
    ['an upload that is kept', exchangeOf(`PUT ${UPLOAD}`, { status: 201 }), 1],
    ['one that is refused', exchangeOf(`PUT ${UPLOAD}`, { status: 400 }), undefined],
    ['a piece of one', exchangeOf(`PATCH ${UPLOAD}`, { status: 202 }), undefined],
    ['a manifest', exchangeOf('PUT /v2/a/manifests/latest', { status: 201 }), undefined],
  ];
  it.each(CASES)('%s', (_name, exchange, times) => {
    expect(counted(exchange)['upload_commit_duration_seconds_count{}']).toBe(times);
  });

  it('is in seconds, and each bucket holds those below it', () => {
    const counts = createExchangeCounts();
    for (const millisecondsSinceBody of [40, 50, 21_000, 1_000_000])
      counts.observe(exchangeOf(`PUT ${UPLOAD}`, { status: 201, millisecondsSinceBody }));
    const samples = counts
      .readings([])
      .filter(({ name }) => name === 'registry_gate_upload_commit_duration_seconds')
      .flatMap((reading) => reading.samples);
    const below = Object.fromEntries(
      samples.map(({ labels, metricName, value }) => [labels['le'] ?? metricName, value]),
    );
    expect(below).toMatchObject({
      '0.05': 2,
      '20': 2,
      '30': 3,
      '300': 3,
      '+Inf': 4,
      registry_gate_upload_commit_duration_seconds_sum: 1021.09,
    });
  });
});

describe('what is under way', () => {
  const upload = exchangeOf(`PATCH ${UPLOAD}`);
  const running = (received: number): RequestInProgress => ({
    request: upload.request,
    path: UPLOAD,
    received,
    sent: 0,
  });

  it('is counted, with its bytes, and the query of its target is not looked at', () => {
    const lines = read(createExchangeCounts(), [
      running(10),
      running(20),
      { request: undefined, path: '/token?service=x', received: 0, sent: 0 },
    ]);
    expect(lines).toEqual({
      'requests_in_progress{action=push,route=upload}': 2,
      'requests_in_progress{action=other,route=token}': 1,
      'received_bytes_total{action=push,route=upload}': 30,
    });
  });

  it('is not counted twice when it has ended, and bytes never run backwards', () => {
    const counts = createExchangeCounts();
    const bytes = (underWay: readonly RequestInProgress[]): number | undefined =>
      read(counts, underWay)['received_bytes_total{action=push,route=upload}'];
    expect(bytes([running(10)])).toBe(10);
    expect(bytes([])).toBe(10);
    counts.observe({ ...upload, received: 15 });
    expect(bytes([])).toBe(15);
    expect(bytes([running(1)])).toBe(16);
  });
});

describe('the table of metrics', () => {
  it.each(Object.entries(METRICS))('%s is named and told as Prometheus wants it', (name, { type, help }) => {
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).toMatch(/^(?:registry_gate|process)_[a-z_]+$/);
    expect(help).toMatch(/^[A-Z].*\.$/);
  });

  it('says of each label what values it takes', () => {
    const counts = createExchangeCounts();
    counts.observe(exchangeOf(`GET ${BLOB}`));
    const readings = counts.readings([{ request: undefined, path: '/token', received: 0, sent: 0 }]);
    expect(readings.flatMap(({ samples }) => samples).length).toBeGreaterThan(20);
    for (const { name, samples } of readings) {
      for (const { labels } of samples)
        expect(Object.keys(labels).filter((key) => key !== 'le' && !(key in METRICS[name].labels))).toEqual(
          [],
        );
    }
  });
});
