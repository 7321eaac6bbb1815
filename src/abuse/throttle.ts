import { createExpiringMap } from '../lib/expiring-map.ts';
import type { ExpiringMap } from '../lib/expiring-map.ts';
import type { Admission, Attempt, Block, Outcome, Ticket, Unlocking } from './attempt.ts';
import { blockMs, delayMs } from './limits.ts';
import type { Limits } from './limits.ts';
import { placeKey } from './ledger.ts';
import type { Ledger, LedgerRow, Place, Taken } from './ledger.ts';

export interface ThrottleOptions {
  readonly limits: Limits;
  readonly ledger: Ledger;
  /** Milliseconds, never running backwards. */
  readonly now: () => number;
  /** Told of each block once, when it begins. */
  readonly onBlock: (block: Block) => void;
  /** How many guesses, credentials and networks of users are remembered at most, of each. */
  readonly mostRemembered?: number;
}

const MOST_REMEMBERED = 10_000;
/** A guess whose end nobody tells, since its process has died, is no guess that is being verified after this time. */
const PENDING_MS = 60_000;
/** How long it is remembered that a credential was right, and that a user has signed in from a network. */
const TRUST_MS = 30 * 86_400_000;
/** So many guesses of each network (of IPv6, each /48) are tried whatever happens to the user elsewhere: one typo, and the right one. */
const GRACE = 2;

const FOLLOWING: Admission = { kind: 'admitted', ticket: { taken: [], follows: true } };

/**
 * Bears with mistakes and not with guessing. Different wrong passwords count, by user and network, by network, and by
 * user; nobody is locked out by others: see `begin`.
 */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #wrongHere: ExpiringMap<string, true>;
  readonly #wrongAnywhere: ExpiringMap<string, true>;
  readonly #pending: ExpiringMap<string, Promise<Admission>>;
  readonly #wasRight: ExpiringMap<string, true>;
  readonly #signedIn: ExpiringMap<string, true>;

  constructor(options: ThrottleOptions) {
    const { now, limits, mostRemembered: maxSize = MOST_REMEMBERED } = options;
    this.#options = options;
    this.#wrongHere = createExpiringMap({ maxSize, ttl: limits.windowMs, now });
    this.#wrongAnywhere = createExpiringMap({ maxSize, ttl: limits.windowMs, now });
    this.#pending = createExpiringMap({ maxSize, ttl: PENDING_MS, now });
    this.#wasRight = createExpiringMap({ maxSize, ttl: TRUST_MS, now });
    this.#signedIn = createExpiringMap({ maxSize, ttl: TRUST_MS, now });
  }

  /**
   * May this be tried? A credential that was right before always; from a network that has signed this user in before,
   * whatever others do in that network or with that name; and whatever is done with a name elsewhere, the first guesses
   * of each network.
   */
  async begin(attempt: Attempt): Promise<Admission> {
    const here = guessKey(attempt);
    if (this.#wasRight.get(attempt.id) !== undefined) return FOLLOWING;
    if (this.#wrongHere.get(here) !== undefined) {
      // Whoever goes on with it for days is one mistake all the same.
      this.#wrongHere.set(here, true);
      return { kind: 'wrong-again' };
    }
    const first = this.#pending.get(here);
    if (first === undefined) return this.#beginNew(attempt, here);
    const said = await first;
    return said.kind === 'admitted' ? FOLLOWING : said;
  }

  /** How long the answer is to wait, in milliseconds. */
  async end(attempt: Attempt, { taken, follows }: Ticket, outcome: Outcome): Promise<number> {
    const here = guessKey(attempt);
    if (!follows) this.#pending.delete(here);
    if (outcome === 'wrong') {
      const isCounted =
        !follows || this.#pending.get(here) !== undefined || this.#wrongHere.get(here) !== undefined;
      this.#wrongHere.set(here, true);
      if (!isCounted) await this.#takeAll(attempt);
      this.#wrongAnywhere.set(attempt.id, true);
      this.#tellBlocks(taken);
      return delayMs(taken[0]?.count ?? 0);
    }
    await this.#giveBack(taken);
    if (outcome === 'right') {
      const { pair } = placesOf(attempt);
      this.#wasRight.set(attempt.id, true);
      this.#signedIn.set(placeKey(pair), true);
      await this.#options.ledger.forget(pair);
    }
    return 0;
  }

  /** A token that is none; `id` as of an attempt. Counted by network alone. How long that is to stay away; 0 where it is not blocked. */
  async wrongToken(attempt: Omit<Attempt, 'user'>): Promise<number> {
    const here = guessKey(attempt);
    if (this.#wrongHere.get(here) !== undefined) return 0;
    const place: Place = { kind: 'tokens', network: attempt.network, user: '' };
    const taken = await this.#take(place, this.#options.limits.perNetwork, true);
    if (!taken.ok) return taken.waitMs;
    this.#wrongHere.set(here, true);
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
        (network !== undefined && (place.network === network || place.network === siteOf(network))),
    );
  }

  async #beginNew(attempt: Attempt, here: string): Promise<Admission> {
    const admission = this.#takeAll(attempt);
    this.#pending.set(here, admission);
    try {
      const said = await admission;
      if (said.kind === 'blocked') this.#pending.delete(here);
      return said;
    } catch (error) {
      this.#pending.delete(here);
      throw error;
    }
  }

  /** One place after the other: where one says no, those before it are given back, and those after it never asked. */
  async #takeAll(attempt: Attempt): Promise<Admission> {
    const { limits } = this.#options;
    const { pair, site, network, user } = placesOf(attempt);
    const isHome = this.#signedIn.get(placeKey(pair)) !== undefined;
    const taken: Ticket['taken'][number][] = [];
    const isGrace = (): boolean =>
      taken.every(({ place, count }) => place.kind !== pair.kind || count <= GRACE);
    const steps = [
      { place: pair, limit: limits.perPair, enforced: () => true },
      ...(site === undefined ? [] : [{ place: site, limit: Infinity, enforced: () => false }]),
      { place: network, limit: limits.perNetwork, enforced: () => !isHome },
      { place: user, limit: limits.perUser, enforced: () => !isHome && !isGrace() },
    ].filter(({ place }) => place !== user || this.#wrongAnywhere.get(attempt.id) === undefined);
    for (const { place, limit, enforced } of steps) {
      const one = await this.#take(place, limit, enforced());
      if (!one.ok) {
        await this.#giveBack(taken);
        return { kind: 'blocked', by: place.kind, waitMs: one.waitMs };
      }
      taken.push({ place, count: one.count, blockedMs: one.blockedMs });
    }
    return { kind: 'admitted', ticket: { taken, follows: false } };
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

interface Places {
  readonly pair: Place;
  /** Counted beside the pair: a customer of a provider has a /48 of IPv6, or a /56, and so thousands of networks. */
  readonly site: Place | undefined;
  readonly network: Place;
  readonly user: Place;
}

function placesOf({ user, network }: Attempt): Places {
  const site = siteOf(network);
  return {
    pair: { kind: 'user-and-network', network, user },
    site: site === undefined ? undefined : { kind: 'user-and-network', network: site, user },
    network: { kind: 'network', network, user: '' },
    user: { kind: 'user', network: '', user },
  };
}

/** The /48 of a /64. */
function siteOf(network: string): string | undefined {
  return network.endsWith('::/64') ? `${network.split(':', 3).join(':')}::/48` : undefined;
}

function guessKey({ id, network }: Omit<Attempt, 'user'>): string {
  return `${id} ${network}`;
}
