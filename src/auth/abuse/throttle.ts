import { siteOfNetwork } from '../../lib/network.ts';
import type { Admission, Attempt, Block, CheckResult, Ticket, UnlockFilter } from './attempt.ts';
import { History, guessKey } from './history.ts';
import { blockMs, delayMs, type ThrottleLimits } from './limits.ts';
import type { Ledger, LedgerRow, CountKey, Counted } from './ledger.ts';
import { countKeysOf } from './attempt.ts';

interface ThrottleOptions {
  readonly limits: ThrottleLimits;
  readonly ledger: Ledger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called once for each block, when it begins. */
  readonly onBlock: (block: Block) => void;
}

/**
 * How many guesses of each network (of IPv6: each /48) are tried whatever happens to the user elsewhere: one typo, and
 * the right one.
 */
const GRACE = 2;
/**
 * How many times as often as one network all networks of an IPv6 /48 together may fail: it may be a home or an office.
 */
const SITE_FACTOR = 10;
/** Each costs one or two ledger commands. */
const MOST_FORGIVEN = 1000;

/**
 * Throttles guessing but tolerates mistakes. Different wrong passwords are counted by user and network, by network, and
 * by user. No user is locked out by the attempts of others: see `begin`.
 */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #history: History;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#history = new History({ windowMs: options.limits.windowMs, now: options.now });
  }

  /**
   * Decides whether an attempt may be tried. A credential that was right before is always tried. From a network that
   * has signed this user in before, the attempts of others in that network or with that name do not matter. The first
   * guesses of each network are tried whatever happens with the name elsewhere.
   */
  async begin(attempt: Attempt): Promise<Admission> {
    const { wrongHere, pending } = this.#history;
    const here = guessKey(attempt);
    const standing = this.#history.standingOf(attempt);
    const duplicate: Admission = { kind: 'admitted', standing, ticket: { counted: [], isDuplicate: true } };
    if (standing === 'proven') return duplicate;
    if (wrongHere.get(here) !== undefined) {
      // A client that repeats it for days makes one mistake.
      wrongHere.set(here, true);
      return { kind: 'wrong-again' };
    }
    const first = pending.get(here);
    if (first === undefined) return this.#beginNew(attempt, here);
    const decision = await first;
    return decision.kind === 'admitted' ? duplicate : decision;
  }

  /** Ends an attempt. Returns how long to delay the answer, in milliseconds. */
  async end(attempt: Attempt, ticket: Ticket, outcome: CheckResult): Promise<number> {
    const isPending = this.#history.pending.get(guessKey(attempt)) !== undefined;
    if (!ticket.isDuplicate) this.#history.pending.delete(guessKey(attempt));
    if (outcome === 'wrong') return this.#endWrong(attempt, ticket, isPending);
    if (outcome === 'busy') await this.#endBusy(attempt, ticket);
    else await this.#uncount(ticket.counted);
    if (outcome === 'right') {
      await this.#forgiveBusy(attempt);
      this.#history.recordSuccess(attempt);
      await this.#options.ledger.remove(countKeysOf(attempt).pair);
    }
    return 0;
  }

  /**
   * Counts an invalid token, by network only; `id` as in an attempt. Returns how long the network is blocked in
   * milliseconds, or 0.
   */
  async wrongToken(attempt: Omit<Attempt, 'user'>): Promise<number> {
    const here = guessKey(attempt);
    const { wrongHere } = this.#history;
    if (wrongHere.get(here) !== undefined) return 0;
    const key: CountKey = { kind: 'tokens', network: attempt.network, user: '' };
    const counted = await this.#count(key, this.#options.limits.perNetwork, true);
    if (!counted.ok) return counted.waitMs;
    wrongHere.set(here, true);
    this.#reportBlocks([{ key, ...counted }]);
    return 0;
  }

  rows(most: number): Promise<readonly LedgerRow[]> {
    return this.#options.ledger.rows(most);
  }

  /** Returns how many counts were removed. */
  unlock({ user, network }: UnlockFilter): Promise<number> {
    const isAll = user === undefined && network === undefined;
    return this.#options.ledger.removeWhere(
      (key) =>
        isAll ||
        (user !== undefined && key.user === user) ||
        (network !== undefined && (key.network === network || key.network === siteOfNetwork(network))),
    );
  }

  async #beginNew(attempt: Attempt, here: string): Promise<Admission> {
    const { pending } = this.#history;
    const admission = this.#countAll(attempt);
    pending.set(here, admission);
    try {
      const decision = await admission;
      if (decision.kind === 'blocked') pending.delete(here);
      return decision;
    } catch (error) {
      pending.delete(here);
      throw error;
    }
  }

  async #endWrong(attempt: Attempt, { counted, isDuplicate }: Ticket, isPending: boolean): Promise<number> {
    const { wrongHere, wrongAnywhere } = this.#history;
    const here = guessKey(attempt);
    const isCounted = !isDuplicate || isPending || wrongHere.get(here) !== undefined;
    wrongHere.set(here, true);
    if (!isCounted) await this.#countAll(attempt);
    wrongAnywhere.set(attempt.id, true);
    this.#reportBlocks(counted);
    return delayMs(counted[0]?.count ?? 0);
  }

  /**
   * Ends an attempt that was not verified, since too many were waiting. If no user is known to sign in from its
   * network, it counts for the network but not for the name: a flood of such attempts would otherwise cost nothing.
   */
  async #endBusy(attempt: Attempt, { counted }: Ticket): Promise<void> {
    const { busy } = this.#history;
    const isStranger = this.#history.standingOf(attempt) === 'stranger';
    const [kept, back] = split(counted, ({ key }) => isStranger && key.kind === 'network');
    await this.#uncount(back);
    if (kept.length === 0) return;
    busy.set(attempt.network, (busy.get(attempt.network) ?? 0) + 1);
    this.#reportBlocks(kept);
  }

  /** A user has signed in from the network, so the attempts refused unverified were no flood. */
  async #forgiveBusy(attempt: Attempt): Promise<void> {
    const { busy } = this.#history;
    const { network, networkSite } = countKeysOf(attempt);
    const keys = networkSite === undefined ? [network] : [network, networkSite];
    const times = Math.min(MOST_FORGIVEN, busy.get(attempt.network) ?? 0);
    busy.delete(attempt.network);
    for (let nth = 0; nth < times; nth += 1)
      await Promise.all(keys.map((key) => this.#options.ledger.uncount(key, true)));
  }

  /** Counts one key after the other. If one refuses, those before it are uncounted and those after it are not asked. */
  async #countAll(attempt: Attempt): Promise<Admission> {
    const { limits } = this.#options;
    const { pair, site, network, networkSite, user } = countKeysOf(attempt);
    const isHome = this.#history.hasSignedInFromHere(attempt);
    const counted: Ticket['counted'][number][] = [];
    const isGrace = (): boolean =>
      counted.every(({ key, count }) => key.kind !== pair.kind || count <= GRACE);
    const steps = [
      { key: pair, limit: limits.perPair, enforced: () => true },
      ...(site === undefined ? [] : [{ key: site, limit: Infinity, enforced: () => false }]),
      { key: network, limit: limits.perNetwork, enforced: () => !isHome },
      ...(networkSite === undefined
        ? []
        : [{ key: networkSite, limit: SITE_FACTOR * limits.perNetwork, enforced: () => !isHome }]),
      { key: user, limit: limits.perUser, enforced: () => !isHome && !isGrace() },
    ].filter(({ key }) => key !== user || this.#history.wrongAnywhere.get(attempt.id) === undefined);
    for (const { key, limit, enforced } of steps) {
      const one = await this.#count(key, limit, enforced());
      if (!one.ok) {
        await this.#uncount(counted);
        return { kind: 'blocked', by: key.kind, waitMs: one.waitMs };
      }
      counted.push({ key, count: one.count, blockedMs: one.blockedMs });
    }
    const standing = this.#history.standingOf(attempt);
    return { kind: 'admitted', standing, ticket: { counted, isDuplicate: false } };
  }

  #count(key: CountKey, limit: number, enforced: boolean): Promise<Counted> {
    const { limits, ledger } = this.#options;
    return ledger.count(key, { limit, enforced, blockMs: (count) => blockMs(count - limit + 1, limits) });
  }

  async #uncount(counted: Ticket['counted']): Promise<void> {
    const { ledger } = this.#options;
    await Promise.all(counted.map(({ key, blockedMs }) => ledger.uncount(key, blockedMs > 0)));
  }

  #reportBlocks(counted: Ticket['counted']): void {
    for (const { key, count, blockedMs } of counted)
      if (blockedMs > 0) this.#options.onBlock({ ...key, failures: count, blockedMs });
  }
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
