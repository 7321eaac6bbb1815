import { z } from 'zod';
import { integer, onOff, optionMeta } from './fields.ts';

const DAY = 86_400;

const redis = z
  .string({ error: 'must be a URL, like redis://127.0.0.1:6379' })
  .refine(isRedisUrl, { error: 'must be a URL, like redis://127.0.0.1:6379 or rediss://:PASSWORD@HOST' })
  .optional()
  .transform((value) => value)
  .register(optionMeta, {
    kind: 'text',
    flag: '--abuse-redis URL',
    fallback: 'none: each gate counts by itself',
    secret: true,
    description:
      'The Redis in which several gates share their counts of wrong passwords: redis://HOST:PORT, or rediss:// for TLS. Put a URL with a password into REGISTRY_GATE_ABUSE_REDIS_FILE.',
  });

function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '';
}

/** Limits for guessing passwords: docs/abuse.md. */
export const abuse = z.strictObject({
  throttle: onOff(
    true,
    'Slow down clients that guess passwords, then block them for a while: docs/abuse.md.',
  ),
  wrongPasswords: integer(
    { from: 3, to: 1000, byDefault: 10 },
    'How many different wrong passwords one network may try for one user before it is blocked. Repeating one does not count.',
  ),
  wrongPerNetwork: integer(
    { from: 3, to: 100_000, byDefault: 100 },
    'The same limit for one network (an IPv4 address, an IPv6 /64) and all users together.',
  ),
  wrongPerUser: integer(
    { from: 3, to: 100_000, byDefault: 100 },
    'The same limit for one user and all networks together, without networks from which the user has signed in.',
  ),
  windowSeconds: integer({ from: 60, to: 30 * DAY, byDefault: DAY }, 'How long a wrong password counts.'),
  longestBlockSeconds: integer(
    { from: 30, to: DAY, byDefault: 900 },
    'The longest block. The first lasts 30 s, each further one twice as long.',
  ),
  redis,
});
