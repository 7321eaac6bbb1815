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
      'The Redis in which several gates count wrong passwords together: redis://HOST:PORT, or rediss:// for TLS. A password in it belongs into REGISTRY_GATE_ABUSE_REDIS_FILE.',
  });

function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '';
}

/** What is done about those who guess passwords: docs/abuse.md. */
export const abuse = z.strictObject({
  throttle: onOff(true, 'Slow down, and then turn away for a while, who guesses passwords: docs/abuse.md.'),
  wrongPasswords: integer(
    { from: 3, to: 1000, byDefault: 10 },
    'How many different wrong passwords of one user one network may try before it is turned away. The same one again does not count.',
  ),
  wrongPerNetwork: integer(
    { from: 3, to: 100_000, byDefault: 100 },
    'The same for one network (an IPv4 address, an IPv6 /64) and all users together.',
  ),
  wrongPerUser: integer(
    { from: 3, to: 100_000, byDefault: 100 },
    'The same for one user and all networks together. Networks that this user has signed in from are not meant.',
  ),
  windowSeconds: integer({ from: 60, to: 30 * DAY, byDefault: DAY }, 'How long a wrong password counts.'),
  longestBlockSeconds: integer(
    { from: 30, to: DAY, byDefault: 900 },
    'The first block lasts 30 s, each after it twice as long as the one before, up to this.',
  ),
  redis,
});
