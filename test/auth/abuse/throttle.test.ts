import { describe, expect, it } from 'vitest';
import type { Admission, Attempt, Block, CheckResult } from '../../../src/auth/abuse/attempt.ts';
import type { ThrottleLimits } from '../../../src/auth/abuse/limits.ts';
import { MemoryLedger } from '../../../src/auth/abuse/memory-ledger.ts';
import { Throttle } from '../../../src/auth/abuse/throttle.ts';

const HOUR = 3_600_000;
const LIMITS: ThrottleLimits = {
  perPair: 5,
  perNetwork: 12,
  perUser: 20,
  windowMs: 24 * HOUR,
  longestBlockMs: 900_000,
};

interface World {
  readonly throttle: Throttle;
  readonly blocks: Block[];
  wait(milliseconds: number): void;
  /** Begins and ends: what became of it. */
  tries(attempt: Attempt, outcome?: CheckResult): Promise<string>;
  /** Ends what has begun. */
  ends(attempt: Attempt, admission: Admission, outcome: CheckResult): Promise<number>;
}

function world(limits: Partial<ThrottleLimits> = {}): World {
  let at = 1000;
  const now = (): number => at;
  const all = { ...LIMITS, ...limits };
  const blocks: Block[] = [];
  const ledger = new MemoryLedger({ now, windowMs: all.windowMs });
  const throttle = new Throttle({ limits: all, ledger, now, onBlock: (block) => void blocks.push(block) });
  const ends: World['ends'] = async (attempt, admission, outcome) => {
    if (admission.kind !== 'admitted') throw new Error(`it was ${admission.kind}`);
    return throttle.end(attempt, admission.ticket, outcome);
  };
  return {
    throttle,
    blocks,
    wait: (milliseconds) => (at += milliseconds),
    ends,
    tries: async (attempt, outcome = 'wrong') => {
      const admission = await throttle.begin(attempt);
      if (admission.kind === 'blocked') return `blocked by ${admission.by} for ${admission.waitMs / 1000} s`;
      if (admission.kind === 'wrong-again') return 'wrong again';
      const delay = await ends(attempt, admission, outcome);
      return delay === 0 ? outcome : `${outcome} after ${delay} ms`;
    },
  };
}

/** The guess `password` for alice, or another user, from a network. */
function guess(password: string | number, network = 'A', user = '=alice'): Attempt {
  return { user, network, id: `${user} ${password}` };
}

async function outcomes(world: World, attempts: readonly Attempt[]): Promise<string[]> {
  const said: string[] = [];
  for (const attempt of attempts) said.push(await world.tries(attempt));
  return said;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_none, at) => at + 1);
}

describe('what counts', () => {
  it('is the password and not the request: six times the same typo is one', async () => {
    const it = world();
    expect(
      await outcomes(
        it,
        upTo(6).map(() => guess('typo')),
      ),
    ).toEqual(['wrong', ...upTo(5).map(() => 'wrong again')]);
    expect(await it.throttle.rows(9)).toMatchObject([{ failures: 1 }, { failures: 1 }, { failures: 1 }]);
  });

  it('is not the loop that has used a stale password for a week', async () => {
    const it = world();
    for (let hour = 0; hour < 24 * 7; hour += 1) {
      expect(await it.tries(guess('stale'))).not.toMatch(/blocked/);
      it.wait(HOUR);
    }
    expect(await it.tries(guess('fresh'), 'right')).toBe('right');
  });

  it('is, at last, answered later and later, and then not at all', async () => {
    const it = world();
    expect(
      await outcomes(
        it,
        upTo(7).map((n) => guess(n)),
      ),
    ).toEqual([
      'wrong',
      'wrong',
      'wrong',
      'wrong after 250 ms',
      'wrong after 500 ms',
      'blocked by user-and-network for 30 s',
      'blocked by user-and-network for 30 s',
    ]);
    expect(it.blocks).toEqual([
      { kind: 'user-and-network', network: 'A', user: '=alice', failures: 5, blockedMs: 30_000 },
    ]);
  });

  it('blocks for twice as long each time, up to the longest', async () => {
    const it = world({ perNetwork: 100 });
    await outcomes(
      it,
      upTo(4).map((n) => guess(n)),
    );
    for (let n = 5; n < 14; n += 1) {
      await it.tries(guess(n));
      it.wait(it.blocks.at(-1)?.blockedMs ?? 0);
    }
    expect(it.blocks.map(({ blockedMs }) => blockedMs / 1000)).toEqual([
      30, 60, 120, 240, 480, 900, 900, 900, 900,
    ]);
  });

  it('ends with the window', async () => {
    const it = world();
    await outcomes(
      it,
      upTo(4).map((n) => guess(n)),
    );
    it.wait(LIMITS.windowMs);
    expect(await it.tries(guess(5))).toBe('wrong');
  });

  it('begins anew once the right password was given', async () => {
    const it = world();
    await outcomes(
      it,
      upTo(4).map((n) => guess(n)),
    );
    await it.tries(guess('right'), 'right');
    expect(
      await outcomes(
        it,
        upTo(3).map((n) => guess(`again ${n}`)),
      ),
    ).toEqual(['wrong', 'wrong', 'wrong']);
  });

  it('is not what could not be verified', async () => {
    const it = world();
    for (const n of upTo(50)) expect(await it.tries(guess(n), 'unknown')).toBe('unknown');
    expect(await it.throttle.rows(9)).toEqual([]);
  });
});

describe('many at once', () => {
  it('are counted before any of them has failed', async () => {
    const it = world();
    const attempts = upTo(1000).map((n) => guess(n));
    const admissions = await Promise.all(attempts.map((attempt) => it.throttle.begin(attempt)));
    expect(admissions.filter(({ kind }) => kind === 'admitted')).toHaveLength(LIMITS.perPair);
  });

  it('with the same password are one, and share its fate', async () => {
    const it = world();
    const same = upTo(6).map(() => guess('same'));
    const admissions = await Promise.all(same.map((attempt) => it.throttle.begin(attempt)));
    expect(admissions.map(({ kind }) => kind)).toEqual(same.map(() => 'admitted'));
    for (const [at, admission] of admissions.entries())
      await it.ends(same[at] ?? guess(''), admission, 'wrong');
    expect(await it.throttle.rows(9)).toMatchObject([{ failures: 1 }, { failures: 1 }, { failures: 1 }]);
  });

  it('with the same password get around no block', async () => {
    const it = world();
    await outcomes(
      it,
      upTo(5).map((n) => guess(n)),
    );
    const twins = await Promise.all([it.throttle.begin(guess('new')), it.throttle.begin(guess('new'))]);
    expect(twins.map(({ kind }) => kind)).toEqual(['blocked', 'blocked']);
  });

  it('count too where the first of them came to nothing', async () => {
    const it = world();
    const [first, second] = [await it.throttle.begin(guess('x')), await it.throttle.begin(guess('x'))];
    await it.ends(guess('x'), first, 'unknown');
    await it.ends(guess('x'), second, 'wrong');
    expect(await it.throttle.rows(9)).toMatchObject([{ failures: 1 }, { failures: 1 }, { failures: 1 }]);
  });

  it('with the right password, as compose pulls, are never counted', async () => {
    const it = world();
    await outcomes(
      it,
      upTo(4).map((n) => guess(n)),
    );
    const pulls = await Promise.all(upTo(30).map(() => it.throttle.begin(guess('right'))));
    for (const admission of pulls) await it.ends(guess('right'), admission, 'right');
    expect(it.blocks).toEqual([]);
  });
});

describe('spraying: one network, many users', () => {
  it('ends at the limit of the network', async () => {
    const it = world();
    const said = await outcomes(
      it,
      upTo(13).map((n) => guess('Winter2026', 'A', `#user ${n}`)),
    );
    expect(said.at(-2)).toBe('wrong');
    expect(said.at(-1)).toBe('blocked by network for 30 s');
  });

  it('does not begin anew because the attacker signs in as herself', async () => {
    const it = world();
    for (const n of upTo(12)) {
      await it.tries(guess('Winter2026', 'A', `#user ${n}`));
      await it.tries(guess('mine', 'A', '=mallory'), 'right');
    }
    expect(await it.tries(guess('Winter2026', 'A', '#user 13'))).toMatch(/^blocked by network/);
  });
});

describe('guessing slowly, from many networks', () => {
  const botnet = (count: number): Attempt[] => upTo(count).map((n) => guess(`guess ${n}`, `bot ${n}`));

  it('leaves two guesses to each network, and then what all of them share', async () => {
    const it = world();
    await outcomes(it, botnet(30));
    expect(await outcomes(it, [guess('b', 'bot 1'), guess('c', 'bot 1'), guess('c', 'bot 2')])).toEqual([
      'wrong',
      'wrong',
      'wrong',
    ]);
    expect(await it.tries(guess('d', 'bot 2'))).toMatch(/^blocked by user for \d/);
  });

  it('takes a /48 of IPv6 for one, which its thousands of networks are not', async () => {
    const it = world();
    await outcomes(it, botnet(30));
    const said = await outcomes(
      it,
      upTo(9).map((n) => guess(`six ${n}`, `2001:db8:7:${n}::/64`)),
    );
    expect(said.slice(0, 3)).toEqual(['wrong', 'wrong', 'wrong']);
    expect(said.slice(3).every((one) => one.startsWith('blocked by user'))).toBe(true);
    expect(await it.tries(guess('right', '2001:db8:8:1::/64'), 'right')).toBe('right');
    await it.throttle.unlock({ network: '2001:db8:7:1::/64' });
    expect(await it.tries(guess('six again', '2001:db8:7:1::/64'))).toBe('wrong');
  });

  it('counts what fifty machines of one owner have in common as one', async () => {
    const it = world();
    await outcomes(
      it,
      upTo(50).map((n) => guess('stale', `machine ${n}`)),
    );
    const rows = await it.throttle.rows(1000);
    expect(rows.find(({ kind }) => kind === 'user')).toMatchObject({ failures: 1 });
  });
});

describe('nobody is locked out by others', () => {
  const attack = async (it: World, network: string): Promise<void> => {
    await outcomes(
      it,
      upTo(40).map((n) => guess(`elsewhere ${n}`, `bot ${n}`)),
    );
    await outcomes(
      it,
      upTo(40).map((n) => guess(`spray ${n}`, network)),
    );
    await outcomes(
      it,
      upTo(40).map((n) => guess(`spray ${n}`, network, `#user ${n}`)),
    );
  };

  it.each<{ name: string; before?: Attempt; victim: Attempt; under: string }>([
    { name: 'from a network without failures', victim: guess('right', 'hotel'), under: 'office' },
    {
      name: 'with a credential that was right before, in the very network of the attack',
      before: guess('right', 'office'),
      victim: guess('right', 'office'),
      under: 'office',
    },
    {
      name: 'with that credential in a network that it has never been in, and that attacks',
      before: guess('right', 'office'),
      victim: guess('right', 'hotel'),
      under: 'hotel',
    },
    {
      name: 'with a new password, in her network, while that sprays other names',
      before: guess('old', 'office', '=bob'),
      victim: guess('new', 'office', '=bob'),
      under: 'office',
    },
  ])('$name', async ({ before, victim, under }) => {
    const it = world();
    if (before !== undefined) await it.tries(before, 'right');
    await attack(it, under);
    expect(await it.tries(victim, 'right')).toBe('right');
  });

  it('after one typo, in a network without other failures', async () => {
    const it = world();
    await attack(it, 'office');
    expect(await it.tries(guess('typo', 'hotel'))).toBe('wrong');
    expect(await it.tries(guess('right', 'hotel'), 'right')).toBe('right');
  });
});

describe('passwords that were not checked, since too many were', () => {
  const random = (n: number, network = 'A'): Attempt => guess(`guess ${n}`, network, `#user ${n}`);

  it('are not free: they count for the network, and for no name', async () => {
    const it = world();
    for (const n of upTo(12)) expect(await it.tries(random(n), 'busy')).toBe('busy');
    expect(await it.tries(random(13), 'busy')).toBe('blocked by network for 30 s');
    expect(it.blocks).toMatchObject([{ kind: 'network', network: 'A', failures: 12 }]);
    expect((await it.throttle.rows(99)).map(({ kind }) => kind)).toEqual(['network']);
  });

  it('count for the /48 too, whose networks are thousands', async () => {
    const it = world();
    const said: string[] = [];
    for (const n of upTo(130)) said.push(await it.tries(random(n, `2001:db8:7:${n}::/64`), 'busy'));
    expect(said.slice(0, 120)).toEqual(upTo(120).map(() => 'busy'));
    expect(said.slice(120)).toEqual(upTo(10).map(() => 'blocked by network for 30 s'));
    expect(await it.tries(random(1, '2001:db8:8:1::/64'))).toBe('wrong');
    expect(await it.throttle.unlock({ network: '2001:db8:7:1::/64' })).toBeGreaterThan(0);
    expect(await it.tries(random(131, '2001:db8:7:131::/64'))).toBe('wrong');
  });

  it('are forgiven once somebody has signed in from there: an office after a restart is no flood', async () => {
    const it = world();
    for (const n of upTo(11)) await it.tries(guess(`right ${n}`, 'office', `=user ${n}`), 'busy');
    await it.tries(guess('typo', 'office', '=user 1'));
    expect(await it.tries(guess('right', 'office', '=user 2'), 'right')).toMatch(/^blocked/);
    it.wait(30_000);
    expect(await it.tries(guess('right', 'office', '=user 2'), 'right')).toBe('right');
    const rows = await it.throttle.rows(99);
    expect(rows.find(({ kind }) => kind === 'network')).toMatchObject({ failures: 1, blockedMs: 0 });
    for (const n of upTo(50))
      expect(await it.tries(guess(`x ${n}`, 'office', '=user 3'), 'busy')).toBe('busy');
  });
});

describe('the standing of whoever signs in', () => {
  const standingOf = async (it: World, attempt: Attempt): Promise<string> => {
    const admission = await it.throttle.begin(attempt);
    if (admission.kind !== 'admitted') return admission.kind;
    await it.ends(attempt, admission, 'unknown');
    return admission.standing;
  };

  it('is that of a stranger, until somebody has signed in from the network, and a proven one with what was right', async () => {
    const it = world();
    expect(await standingOf(it, guess('right'))).toBe('stranger');
    await it.tries(guess('right'), 'right');
    expect(await standingOf(it, guess('right'))).toBe('proven');
    expect(await standingOf(it, guess('right', 'elsewhere'))).toBe('proven');
    expect(await standingOf(it, guess('other'))).toBe('regular');
    expect(await standingOf(it, guess('other', 'A', '=bob'))).toBe('regular');
    expect(await standingOf(it, guess('other', 'elsewhere', '=bob'))).toBe('stranger');
  });

  it('is not had for a wrong password, or one that was not checked', async () => {
    const it = world();
    await it.tries(guess('wrong'), 'wrong');
    await it.tries(guess('busy'), 'busy');
    expect(await standingOf(it, guess('next'))).toBe('stranger');
  });

  it('is forgotten after a month', async () => {
    const it = world();
    await it.tries(guess('right'), 'right');
    it.wait(30 * 24 * HOUR);
    expect(await standingOf(it, guess('right'))).toBe('stranger');
  });
});

describe('tokens that are none', () => {
  it('count by network alone, each once', async () => {
    const it = world({ perNetwork: 3 });
    const token = (id: string): Promise<number> => it.throttle.wrongToken({ id, network: 'A' });
    expect([await token('1'), await token('1'), await token('2'), await token('3')]).toEqual([0, 0, 0, 0]);
    expect(await token('4')).toBe(30_000);
    expect(await token('1')).toBe(0);
    expect(await it.throttle.wrongToken({ id: '5', network: 'B' })).toBe(0);
    expect(await it.tries(guess('password'))).toBe('wrong');
    expect(it.blocks).toMatchObject([{ kind: 'tokens', network: 'A', failures: 3 }]);
  });
});

describe('unlocking', () => {
  const cases = [
    {
      name: 'a user',
      what: { user: '=alice' },
      left: ['network A', 'network B', 'user =bob', 'user-and-network A =bob'],
    },
    {
      name: 'a network',
      what: { network: 'A' },
      left: ['network B', 'user =alice', 'user =bob', 'user-and-network B =alice'],
    },
    { name: 'everything', what: {}, left: [] },
  ];
  it.each(cases)('forgets what has to do with $name', async ({ what, left }) => {
    const it = world();
    await outcomes(it, [guess(1), guess(2, 'B'), guess(3, 'A', '=bob')]);
    expect(await it.throttle.unlock(what)).toBe(7 - left.length);
    const rows = await it.throttle.rows(100);
    expect(
      rows.map(({ kind, network, user }) => [kind, network, user].filter(Boolean).join(' ')).toSorted(),
    ).toEqual(left);
  });
});
