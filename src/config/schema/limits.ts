import { z } from 'zod';
import { parseNetwork } from '../../lib/network.ts';
import { whyTooManyBelieved } from '../values/believed-networks.ts';
import { parseByteSize } from '../values/byte-size.ts';
import { bytes, bytesOrUnlimited, countOrUnlimited, integer, oneOf, optionMeta, saying } from './fields.ts';

/** Below this even a small layer takes longer than most clients wait. */
const SLOWEST = 64_000;

const RATE_PATTERN = /^(\d+) ?(|B|[kK]B|[MGT]B|[KMGT]iB)\/s$/;

/** Bytes in a second, like `50MB/s`, or `unlimited`, which becomes undefined. */
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

/** How much of everything there may be. */
export const limits = z.strictObject({
  manifestBytes: bytes({ from: 1, byDefault: '4MiB' }, 'The largest manifest that may be pushed.'),
  layerBytes: bytesOrUnlimited('The largest layer that may be pushed.'),
  headerBytes: bytes(
    { from: 1024, to: 2 ** 20, byDefault: '16KiB' },
    'The largest request head: request line and headers together.',
  ),
  headers: integer({ from: 10, to: 1000, byDefault: 100 }, 'The most headers in one request.'),
  connections: countOrUnlimited(
    'The most connections at the same time. What comes beyond is closed at once.',
  ),
  connectionsPerAddress: countOrUnlimited(
    'The most connections of one client at the same time: of an IPv4 address, or of a /64 of IPv6. Front proxies are not counted.',
  ),
  transfers: countOrUnlimited(
    'The most layers on their way at the same time, up and down together. What comes beyond waits for its turn.',
  ),
  transfersPerUser: countOrUnlimited(
    'The most layers of one user on their way at the same time; of those who have not signed in, of one address.',
  ),
  transferWaitSeconds: integer(
    { from: 0, to: 300, byDefault: 30 },
    'How long a layer waits for its turn, before its client is told to come back later.',
  ),
  uploadsPerUser: integer(
    { from: 1, to: 100_000, byDefault: 500 },
    'The most unfinished uploads of one user in the embedded registry. Beyond it the answer is 429; an upload that lies still for an hour makes room for a new one.',
  ),
  uploadPercentPerUser: integer(
    { from: 1, to: 100, byDefault: 50 },
    'How much of the disk the unfinished uploads of one user may hold in the embedded registry, in percent of its size. Beyond it the answer is 429.',
  ),
  bandwidth: rateOrUnlimited(
    'How fast layers go, all together, in each direction: 50MB/s, or 4MiB/s. All that are on their way have the same part.',
  ),
  bandwidthPerUser: rateOrUnlimited('How fast the layers of one user go together, in each direction.'),
  hashQueue: integer(
    { from: 1, to: 10_000, byDefault: 64 },
    'The most passwords that wait to be verified. Beyond it, clients are told to come back later.',
  ),
});

const network = z
  .string({ error: saying('must be an address or a network, like 10.0.0.0/8') })
  .superRefine((text, context) => {
    const outcome = parseNetwork(text);
    if (!outcome.ok)
      context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} ${outcome.reason}` });
  });

/** Who stands before the gate and is believed. */
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
      fallback: 'none: what a client says of its address is not believed',
      description:
        'Addresses and networks of load balancers and proxies before the gate, which are believed when they say for whom they connect: docs/front-proxies.md.',
    }),
  protocol: oneOf(['x-forwarded-for', 'proxy-protocol']).default('x-forwarded-for').register(optionMeta, {
    kind: 'choice',
    description:
      'How they say it. x-forwarded-for: in that header of each request. proxy-protocol: at the beginning of each connection, version 1 or 2, without which a connection of theirs is refused.',
  }),
});
