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
      'Where Prometheus finds /metrics, in plain HTTP: PORT alone is 127.0.0.1, and another address needs metrics.public. docs/metrics.md lists what is counted.',
  });

/** What is counted, for Prometheus. */
export const metrics = z
  .strictObject({
    listen: metricsAddress,
    public: onOff(
      false,
      'Whether metrics.listen may be an address that other machines reach. There is no password: a firewall or a network of its own has to keep strangers away.',
    ),
  })
  .refine(({ listen, public: isPublic }) => listen === undefined || isPublic || isLoopback(listen.host), {
    path: ['listen'],
    error:
      'is an address that other machines reach. Use 127.0.0.1, or say metrics.public: true where a firewall keeps strangers away',
  });

/** Who did what, for those who have to know. */
export const audit = z.strictObject({
  file: optionalPath({
    flag: '--audit FILE',
    fallback: 'none',
    description:
      'The audit log: a line of JSON for each push, pull, delete, failed login, denial, reload and token. `-` is standard output. docs/audit.md says what is in it.',
  }),
  chain: onOff(
    false,
    'Whether each line of the audit log carries the hash of the one before, for audit verify.',
    '--audit-chain',
  ),
});

/** What is traced, for OpenTelemetry. */
export const trace = z.strictObject({
  endpoint: parsedBy(parseEndpoint, 'a URL, like http://127.0.0.1:4318')
    .optional()
    .transform((value) => value)
    .register(optionMeta, {
      kind: 'text',
      flag: '--trace-endpoint URL',
      fallback: 'off',
      description:
        'Where traces are sent: OTLP over HTTP, http://HOST:4318. Without a path it is /v1/traces. docs/metrics.md says what is in them, and which OTEL_ variables count.',
    }),
  percent: integer(
    { from: 1, to: 100, byDefault: 100 },
    'How many of a hundred requests are traced. The trace of a client that is known goes on as the client decided.',
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
