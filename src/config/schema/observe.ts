import { z } from 'zod';
import { integer, onOff, optionMeta, optionalPath, parsedBy } from './fields.ts';
import type { Parsed } from '../values/listen-address.ts';
import { isLoopback, parseMetricsAddress } from '../values/metrics-address.ts';

const metricsAddress = z
  .preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    parsedBy(parseMetricsAddress, 'HOST:PORT or PORT, like 127.0.0.1:9464'),
  )
  .optional()
  .transform((value) => value)
  .register(optionMeta, {
    kind: 'text',
    flag: '--metrics HOST:PORT',
    fallback: 'off',
    description:
      'Where /metrics is served to Prometheus, in plain HTTP: PORT alone means 127.0.0.1, any other address needs metrics.public. docs/metrics.md lists the metrics.',
  });

/** Metrics, for Prometheus. */
export const metrics = z
  .strictObject({
    listen: metricsAddress,
    public: onOff(
      false,
      'Allow metrics.listen to be an address that other machines reach. Metrics have no password: protect the port with a firewall or a separate network.',
    ),
  })
  .refine(({ listen, public: isPublic }) => listen === undefined || isPublic || isLoopback(listen.host), {
    path: ['listen'],
    error:
      'is an address that other machines reach. Use 127.0.0.1, or set metrics.public: true if a firewall protects the port',
  });

/** The audit log: who did what. */
export const audit = z.strictObject({
  file: optionalPath({
    flag: '--audit FILE',
    fallback: 'none',
    description:
      'The audit log: a line of JSON for each push, pull, delete, failed login, denial, reload and token. `-` is standard output. docs/audit.md says what is in it.',
  }),
  chain: onOff(
    false,
    'Put the hash of the previous line into each line of the audit log, for audit verify.',
    '--audit-chain',
  ),
});

/** Traces, for OpenTelemetry. */
export const trace = z.strictObject({
  endpoint: parsedBy(parseEndpoint, 'a URL, like http://127.0.0.1:4318')
    .optional()
    .transform((value) => value)
    .register(optionMeta, {
      kind: 'text',
      flag: '--trace-endpoint URL',
      fallback: 'off',
      description:
        'Where to send traces: OTLP over HTTP, http://HOST:4318. The default path is /v1/traces. docs/metrics.md describes the spans and the OTEL_ variables.',
    }),
  percent: integer(
    { from: 1, to: 100, byDefault: 100 },
    'The percentage of requests to trace. A request with a trace of its client follows the decision of the client.',
  ),
});

function parseEndpoint(text: string): Parsed<string> {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '')
    return { ok: false, reason: 'must be a URL, like http://127.0.0.1:4318' };
  if (url.username !== '' || url.password !== '')
    return { ok: false, reason: 'must not hold credentials. Use OTEL_EXPORTER_OTLP_HEADERS' };
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return { ok: true, value: url.href };
}
