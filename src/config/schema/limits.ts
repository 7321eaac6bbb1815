import { z } from 'zod';
import { parseNetwork } from '../../lib/network.ts';
import { whyTooManyBelieved } from '../values/believed-networks.ts';
import { parseByteSize } from '../values/byte-size.ts';
import { bytes, bytesOrUnlimited, countOrUnlimited, integer, oneOf, optionMeta, saying } from './fields.ts';

/** At a lower rate even a small layer takes longer than most clients wait. */
const SLOWEST = 64_000;

const RATE_PATTERN = /^(\d+) ?(|B|[kK]B|[MGT]B|[KMGT]iB)\/s$/;

/** Bytes per second, like `50MB/s`, or `unlimited`, which becomes undefined. */
function rateOrUnlimited(description: string) {
  const error = saying('must be at least 64kB/s, like 50MB/s or 4MiB/s, or unlimited');
  const rate = z
    .string({ error })
    .regex(RATE_PATTERN, { error })
    .transform((text, context) => {
      const parsed = parseByteSize(text.replace(/\/s$/, ''));
      if (parsed !== undefined && parsed >= SLOWEST) return parsed;
      context.issues.push({ code: 'custom', message: error({ input: text }), input: text });
      return z.NEVER;
    });
  return z
    .union([z.literal('unlimited').transform(() => undefined), rate], { error })
    .optional()
    .transform((value) => value)
    .register(optionMeta, { description, kind: 'rate', fallback: 'unlimited' });
}

/** Limits on sizes, counts and rates. */
export const limits = z.strictObject({
  manifestBytes: bytes({ from: 1, byDefault: '4MiB' }, 'The largest manifest that may be pushed.'),
  layerBytes: bytesOrUnlimited('The largest layer that may be pushed.'),
  headerBytes: bytes(
    { from: 1024, to: 2 ** 20, byDefault: '16KiB' },
    'The largest request head: request line and headers together.',
  ),
  headers: integer({ from: 10, to: 1000, byDefault: 100 }, 'The most headers in one request.'),
  connections: countOrUnlimited(
    'The most connections at the same time. Connections over the limit are closed at once.',
  ),
  connectionsPerAddress: countOrUnlimited(
    'The most connections of one client at the same time: an IPv4 address, or an IPv6 /64. Front proxies are not counted.',
  ),
  transfers: countOrUnlimited(
    'The most transfers of layers at the same time, uploads and downloads together. Transfers over the limit wait.',
  ),
  transfersPerUser: countOrUnlimited(
    'The most transfers of layers of one user at the same time; of one address for clients that are not signed in.',
  ),
  transferWaitSeconds: integer(
    { from: 0, to: 300, byDefault: 30 },
    'How long a transfer waits before the client gets 429.',
  ),
  uploadsPerUser: integer(
    { from: 1, to: 100_000, byDefault: 500 },
    'The most unfinished uploads of one user in the embedded registry. Over the limit the answer is 429; a new upload may replace one that was idle for an hour.',
  ),
  uploadPercentPerUser: integer(
    { from: 1, to: 100, byDefault: 50 },
    'How much of the disk the unfinished uploads of one user may use in the embedded registry, in percent. Over the limit the answer is 429.',
  ),
  bandwidth: rateOrUnlimited(
    'The rate of all transfers of layers together, in each direction: 50MB/s, or 4MiB/s. Transfers share it equally.',
  ),
  bandwidthPerUser: rateOrUnlimited(
    'The rate of all transfers of layers of one user together, in each direction.',
  ),
  hashQueue: integer(
    { from: 1, to: 10_000, byDefault: 64 },
    'The most passwords that wait to be verified. Over the limit, clients are told to retry later.',
  ),
});

const network = z
  .string({ error: saying('must be an address or a network, like 10.0.0.0/8') })
  .superRefine((text, context) => {
    const outcome = parseNetwork(text);
    if (!outcome.ok)
      context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} ${outcome.reason}` });
  });

/** The proxies before the gate whose word about the client is trusted. */
export const frontProxies = z.strictObject({
  networks: z
    .preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z
        .array(network, { error: saying('must be an address, a network, or a list of them') })
        .superRefine((networks, context) => {
          const reason = whyTooManyBelieved(networks);
          if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
        })
        .optional(),
    )
    .transform((networks) => networks ?? [])
    .register(optionMeta, {
      kind: 'list',
      fallback: 'none: forwarded addresses are ignored',
      description:
        'Addresses and networks of the load balancers and proxies before the gate, which may forward the address of the client: docs/front-proxies.md.',
    }),
  protocol: oneOf(['x-forwarded-for', 'proxy-protocol']).default('x-forwarded-for').register(optionMeta, {
    kind: 'choice',
    description:
      'How they forward it. x-forwarded-for: in that header of each request. proxy-protocol: version 1 or 2, at the beginning of each connection; connections without it are refused.',
  }),
});
