import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryLedger } from '../../../src/auth/abuse/memory-ledger.ts';
import { Throttle } from '../../../src/auth/abuse/throttle.ts';
import { schema } from '../../../src/config/schema/schema.ts';
import { limitsOf } from '../../../src/app/auth/throttling.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const STEP = 300_000;

interface Attack {
  readonly networks: number;
  readonly until: number;
  readonly users: readonly string[];
}

/** How many guesses are checked of attackers who try as often as they are let, from so many networks, until a time. */
async function checked({ networks, until, users }: Attack, networkName: Naming): Promise<number> {
  let at = 0;
  let count = 0;
  const now = (): number => at;
  const limits = limitsOf(schema.parse({}).abuse);
  const ledger = new MemoryLedger({ now, windowMs: limits.windowMs });
  const throttle = new Throttle({ limits, ledger, now, onBlock: () => undefined });
  /** True as long as more are let through at this moment. */
  const tries = async (network: number): Promise<boolean> => {
    const user = users[count % users.length] ?? '';
    const attempt = { user, network: networkName(network), id: `${user} ${count} ${network}` };
    const admission = await throttle.begin(attempt);
    if (admission.kind !== 'admitted') return false;
    count += 1;
    await throttle.end(attempt, admission.ticket, 'wrong');
    return true;
  };
  const step = networks === 1 ? 15_000 : until === HOUR ? 30_000 : STEP;
  for (; at < until; at += step)
    for (let network = 0; network < networks; network += 1) while (await tries(network));
  return count;
}

/** An address, or one of the networks of a /48. */
type Naming = (network: number) => string;
const address: Naming = (network) => `${network}`;
const inOneSite: Naming = (network) => `2001:db8:7:${network.toString(16)}::/64`;

const MANY = Array.from({ length: 5000 }, (_none, at) => `=user ${at}`);

describe('what docs/abuse.md says an attacker can do', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/abuse.md'), 'utf8');

  it.each([
    { from: 'one address', networks: 1, until: HOUR, users: ['=alice'], says: '17', about: [17, 17] },
    { from: 'one address', networks: 1, until: DAY, users: ['=alice'], says: 'about 110', about: [105, 115] },
    { from: 'one address', networks: 1, until: DAY, users: MANY, says: 'about 200', about: [190, 210] },
    {
      from: '1,000 addresses',
      networks: 1000,
      until: HOUR,
      users: ['=alice'],
      says: 'about 2,000',
      about: [1950, 2100],
    },
    {
      from: '1,000 addresses',
      networks: 1000,
      until: DAY,
      users: ['=alice'],
      says: 'about 2,100',
      about: [2050, 2200],
    },
    {
      from: 'one IPv6 /48 (65,536 networks)',
      networks: 1000,
      until: HOUR,
      users: ['=alice'],
      says: 'about 110',
      about: [104, 112],
    },
    {
      from: 'one IPv6 /48 (65,536 networks)',
      networks: 1000,
      until: DAY,
      users: ['=alice'],
      says: 'about 200',
      about: [190, 215],
    },
    {
      from: 'one IPv6 /48 (65,536 networks)',
      networks: 1000,
      until: DAY,
      users: MANY,
      says: 'about 1,100',
      about: [1080, 1120],
    },
  ])(
    '$from, $users.length users, $until ms: $says',
    async ({ from, networks, until, users, says, about }) => {
      const naming = from.includes('IPv6') ? inOneSite : address;
      const count = await checked({ networks, until, users }, naming);
      expect(count).toBeGreaterThanOrEqual(about[0] ?? 0);
      expect(count).toBeLessThanOrEqual(about[1] ?? 0);
      expect(page.split('\n').find((line) => line.startsWith(`| ${from} |`))).toContain(says);
    },
  );
});
