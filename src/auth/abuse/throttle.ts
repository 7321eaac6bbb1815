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
  /** Milliseconds, never running backwards. */
  readonly now: () => number;
  /** Told of each block once, when it begins. */
  readonly onBlock: (block: Block) => void;
}

/** So many guesses of each network (of IPv6, each /48) are tried whatever happens to the user elsewhere: one typo, and the right one. */
const GRACE = 2;
/** All networks of an IPv6 /48 together may fail so many times as often as one of them: behind it may be a house, or an office. */
const SITE_FACTOR = 10;
/** Each is a word to the ledger. */
const MOST_FORGIVEN = 1000;

/**
 * Bears with mistakes and not with guessing. Different wrong passwords count, by user and network, by network, and by
 * user; nobody is locked out by others: see `begin`.
 */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #history: History;

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#history = new History({ windowMs: options.limits.windowMs, now: options.now });
  }

  /**
   * May this be tried? A credential that was right before always; from a network that has signed this user in before,
   * whatever others do in that network or with that name; and whatever is done with a name elsewhere, the first guesses
   * of each network.
   */
  async begin(attempt: Attempt): Promise<Admission> {
    const { wrongHere, pending } = this.#history;
    const here = guessKey(attempt);
    const standing = this.#history.standingOf(attempt);
    const following: Admission = { kind: 'admitted', standing, ticket: { taken: [], follows: true } };
    if (standing === 'proven') return following;
    if (wrongHere.get(here) !== undefined) {
      // Whoever goes on with it for days is one mistake all the same.
      wrongHere.set(here, true);
      return { kind: 'wrong-again' };
    }
    const first = pending.get(here);
    if (first === undefined) return this.#beginNew(attempt, here);
    const said = await first;
    return said.kind === 'admitted' ? following : said;
  }

  /** How long the answer is to wait, in milliseconds. */
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

  /** A token that is none; `id` as of an attempt. Counted by network alone. How long that is to stay away; 0 where it is not blocked. */
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

  /** How many places were forgotten. */
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
   * It was not verified, since too many others were. Where no user is known to come from, that counts for the network, and
   * for nobody's name: a flood that nothing comes of would be free otherwise.
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

  /** Somebody has signed in from there: those who were turned away unverified were no flood. */
  async #forgiveBusy(attempt: Attempt): Promise<void> {
    const { busy } = this.#history;
    const { network, networkSite } = placesOf(attempt);
    const places = networkSite === undefined ? [network] : [network, networkSite];
    const times = Math.min(MOST_FORGIVEN, busy.get(attempt.network) ?? 0);
    busy.delete(attempt.network);
    for (let nth = 0; nth < times; nth += 1)
      await Promise.all(places.map((place) => this.#options.ledger.giveBack(place, true)));
  }

  /** One place after the other: where one says no, those before it are given back, and those after it never asked. */
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
