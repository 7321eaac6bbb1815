import { siteOfNetwork } from '../../lib/network.ts';
import type { Admission, Attempt, Block, Outcome, Ticket, Unlocking } from './attempt.ts';
import { History, guessKey } from './history.ts';
import { blockMs, delayMs } from './limits.ts';
import type { Limits } from './limits.ts';
import type { Ledger, LedgerRow, Place, Taken } from './ledger.ts';
import { placesOf } from './places.ts';

export interface ThrottleOptions {
  readonly limits: Limits;
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
    const following: Admission = { kind: 'admitted', standing, ticket: { taken: [], follows: true } };
    if (standing === 'proven') return following;
    if (wrongHere.get(here) !== undefined) {
      // A client that repeats it for days makes one mistake.
      wrongHere.set(here, true);
      return { kind: 'wrong-again' };
    }
    const first = pending.get(here);
    if (first === undefined) return this.#beginNew(attempt, here);
    const said = await first;
    return said.kind === 'admitted' ? following : said;
  }

  /** Ends an attempt. Returns how long to delay the answer, in milliseconds. */
  async end(attempt: Attempt, ticket: Ticket, outcome: Outcome): Promise<number> {
    const isPending = this.#history.pending.get(guessKey(attempt)) !== undefined;
    if (!ticket.follows) this.#history.pending.delete(guessKey(attempt));
    if (outcome === 'wrong') return this.#endWrong(attempt, ticket, isPending);
    if (outcome === 'busy') await this.#endBusy(attempt, ticket);
    else await this.#giveBack(ticket.taken);
    if (outcome === 'right') {
      await this.#forgiveBusy(attempt);
      this.#history.noteRight(attempt);
      await this.#options.ledger.forget(placesOf(attempt).pair);
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
    const place: Place = { kind: 'tokens', network: attempt.network, user: '' };
    const taken = await this.#take(place, this.#options.limits.perNetwork, true);
    if (!taken.ok) return taken.waitMs;
    wrongHere.set(here, true);
    this.#tellBlocks([{ place, ...taken }]);
    return 0;
  }

  rows(most: number): Promise<readonly LedgerRow[]> {
    return this.#options.ledger.rows(most);
  }

  /** Returns how many counts were removed. */
  unlock({ user, network }: Unlocking): Promise<number> {
    const isAll = user === undefined && network === undefined;
    return this.#options.ledger.forgetWhere(
      (place) =>
        isAll ||
        (user !== undefined && place.user === user) ||
        (network !== undefined && (place.network === network || place.network === siteOfNetwork(network))),
    );
  }

  async #beginNew(attempt: Attempt, here: string): Promise<Admission> {
    const { pending } = this.#history;
    const admission = this.#takeAll(attempt);
    pending.set(here, admission);
    try {
      const said = await admission;
      if (said.kind === 'blocked') pending.delete(here);
      return said;
    } catch (error) {
      pending.delete(here);
      throw error;
    }
  }

  async #endWrong(attempt: Attempt, { taken, follows }: Ticket, isPending: boolean): Promise<number> {
    const { wrongHere, wrongAnywhere } = this.#history;
    const here = guessKey(attempt);
    const isCounted = !follows || isPending || wrongHere.get(here) !== undefined;
    wrongHere.set(here, true);
    if (!isCounted) await this.#takeAll(attempt);
    wrongAnywhere.set(attempt.id, true);
    this.#tellBlocks(taken);
    return delayMs(taken[0]?.count ?? 0);
  }

  /**
   * Ends an attempt that was not verified, since too many were waiting. If no user is known to sign in from its
   * network, it counts for the network but not for the name: a flood of such attempts would otherwise cost nothing.
   */
  async #endBusy(attempt: Attempt, { taken }: Ticket): Promise<void> {
    const { busy } = this.#history;
    const isStranger = this.#history.standingOf(attempt) === 'stranger';
    const [kept, back] = split(taken, ({ place }) => isStranger && place.kind === 'network');
    await this.#giveBack(back);
    if (kept.length === 0) return;
    busy.set(attempt.network, (busy.get(attempt.network) ?? 0) + 1);
    this.#tellBlocks(kept);
  }

  /** A user has signed in from the network, so the attempts refused unverified were no flood. */
  async #forgiveBusy(attempt: Attempt): Promise<void> {
    const { busy } = this.#history;
    const { network, networkSite } = placesOf(attempt);
    const places = networkSite === undefined ? [network] : [network, networkSite];
    const times = Math.min(MOST_FORGIVEN, busy.get(attempt.network) ?? 0);
    busy.delete(attempt.network);
    for (let nth = 0; nth < times; nth += 1)
      await Promise.all(places.map((place) => this.#options.ledger.giveBack(place, true)));
  }

  /** Counts one key after the other. If one refuses, those before it are uncounted and those after it are not asked. */
  async #takeAll(attempt: Attempt): Promise<Admission> {
    const { limits } = this.#options;
    const { pair, site, network, networkSite, user } = placesOf(attempt);
    const isHome = this.#history.isHome(attempt);
    const taken: Ticket['taken'][number][] = [];
    const isGrace = (): boolean =>
      taken.every(({ place, count }) => place.kind !== pair.kind || count <= GRACE);
    const steps = [
      { place: pair, limit: limits.perPair, enforced: () => true },
      ...(site === undefined ? [] : [{ place: site, limit: Infinity, enforced: () => false }]),
      { place: network, limit: limits.perNetwork, enforced: () => !isHome },
      ...(networkSite === undefined
        ? []
        : [{ place: networkSite, limit: SITE_FACTOR * limits.perNetwork, enforced: () => !isHome }]),
      { place: user, limit: limits.perUser, enforced: () => !isHome && !isGrace() },
    ].filter(({ place }) => place !== user || this.#history.wrongAnywhere.get(attempt.id) === undefined);
    for (const { place, limit, enforced } of steps) {
      const one = await this.#take(place, limit, enforced());
      if (!one.ok) {
        await this.#giveBack(taken);
        return { kind: 'blocked', by: place.kind, waitMs: one.waitMs };
      }
      taken.push({ place, count: one.count, blockedMs: one.blockedMs });
    }
    const standing = this.#history.standingOf(attempt);
    return { kind: 'admitted', standing, ticket: { taken, follows: false } };
  }

  #take(place: Place, limit: number, enforced: boolean): Promise<Taken> {
    const { limits, ledger } = this.#options;
    return ledger.take(place, { limit, enforced, blockMs: (count) => blockMs(count - limit + 1, limits) });
  }

  async #giveBack(taken: Ticket['taken']): Promise<void> {
    const { ledger } = this.#options;
    await Promise.all(taken.map(({ place, blockedMs }) => ledger.giveBack(place, blockedMs > 0)));
  }

  #tellBlocks(taken: Ticket['taken']): void {
    for (const { place, count, blockedMs } of taken)
      if (blockedMs > 0) this.#options.onBlock({ ...place, failures: count, blockedMs });
  }
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
