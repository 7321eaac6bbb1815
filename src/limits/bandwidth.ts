import type { Pace } from '../lib/streams/pace.ts';
import { Bucket, BURST_MS } from './bucket.ts';

export interface BandwidthOptions {
  /** Bytes in a second, of all transfers together in each direction; undefined is any number. */
  readonly all: number | undefined;
  /** The same, of those with one key. */
  readonly each: number | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Told when a transfer has begun or ended. */
  readonly onChange?: () => void;
}

/** Seen from the gate. */
export type Direction = 'received' | 'sent';

/** One transfer's part. */
interface Ration {
  readonly pace: Pace;
  charge(direction: Direction, bytes: number): void;
  end(): void;
}

/** How many transfers are on their way somewhere, in all and of each key. */
export interface Traffic {
  readonly all: number;
  readonly of: Readonly<Record<string, number>>;
}

type Pair = Readonly<Record<Direction, Bucket>>;

interface User {
  readonly buckets: Pair | undefined;
  active: number;
}

const SMALLEST_PIECE = 16 * 1024;
const LARGEST_PIECE = 512 * 1024;
/** A piece is what passes in so small a part of a second: small enough to be even, large enough to be cheap. */
const PIECES_PER_SECOND = 50;
const NONE: Traffic = { all: 0, of: {} };

/**
 * Holds transfers to a rate, all together and those of each key. With several processes each takes the part of the rate
 * that its transfers are of all, which the processes tell each other.
 */
export class Bandwidth {
  readonly #options: BandwidthOptions;
  readonly #all: Pair | undefined;
  readonly #users = new Map<string, User>();
  readonly #pieceBytes: number;
  #active = 0;
  #elsewhere: () => readonly Traffic[] = () => [];

  constructor(options: BandwidthOptions) {
    this.#options = options;
    this.#all = this.#pair(options.all);
    const slowest = Math.min(options.all ?? Infinity, options.each ?? Infinity);
    this.#pieceBytes = Math.max(SMALLEST_PIECE, Math.min(LARGEST_PIECE, slowest / PIECES_PER_SECOND)) | 0;
  }

  /** A transfer that mostly moves in this direction. */
  begin(key: string, direction: Direction): Ration {
    const user = this.#users.get(key) ?? { buckets: this.#pair(this.#options.each), active: 0 };
    this.#users.set(key, user);
    user.active += 1;
    this.#active += 1;
    this.#changed();
    const pairs = [this.#all, user.buckets].filter((pair) => pair !== undefined);
    const ration = createRation(pairs, this.#pieceBytes, direction);
    return {
      ...ration,
      end: () => {
        ration.end();
        user.active -= 1;
        this.#active -= 1;
        this.#forget(key, user);
        this.#changed();
      },
    };
  }

  /** What is on its way here. */
  traffic(): Traffic {
    if (this.#active === 0) return NONE;
    const busy = [...this.#users].filter(([, { active }]) => active > 0);
    return { all: this.#active, of: Object.fromEntries(busy.map(([key, { active }]) => [key, active])) };
  }

  /** Where the other processes' traffic is to be had from. */
  follow(elsewhere: () => readonly Traffic[]): void {
    this.#elsewhere = elsewhere;
  }

  /** Takes its part anew, after the others' traffic has changed. */
  share(): void {
    const others = this.#elsewhere();
    if (others.length === 0) return;
    const sum = (count: (traffic: Traffic) => number): number =>
      others.reduce((total, traffic) => total + count(traffic), 0);
    setShare(
      this.#all,
      this.#active,
      sum(({ all }) => all),
    );
    for (const [key, { buckets, active }] of this.#users)
      setShare(
        buckets,
        active,
        sum(({ of }) => of[key] ?? 0),
      );
  }

  #changed(): void {
    this.share();
    this.#options.onChange?.();
  }

  /** Only when its debt is paid: who begins anew would begin without one. */
  #forget(key: string, user: User): void {
    const debt = Math.max(0, ...Object.values(user.buckets ?? {}).map((bucket) => bucket.wait()));
    setTimeout(() => {
      if (user.active > 0 || this.#users.get(key) !== user) return;
      if (Object.values(user.buckets ?? {}).some((bucket) => bucket.wait() > 0)) this.#forget(key, user);
      else this.#users.delete(key);
    }, debt + BURST_MS).unref();
  }

  #pair(bytesPerSecond: number | undefined): Pair | undefined {
    if (bytesPerSecond === undefined) return undefined;
    const { now } = this.#options;
    return { sent: new Bucket(bytesPerSecond, now), received: new Bucket(bytesPerSecond, now) };
  }
}

/**
 * A piece is paid for before it moves, and who pays waits for those who paid before: a hundred transfers go piece by
 * piece in turn, also when they begin at the same moment.
 */
function createRation(pairs: readonly Pair[], pieceBytes: number, direction: Direction): Ration {
  const pay = (way: Direction, bytes: number): void => pairs.forEach((pair) => pair[way].charge(bytes));
  let paid = 0;
  return {
    pace: {
      pieceBytes,
      next: () => {
        if (paid > 0) return 0;
        const wait = Math.max(...pairs.map((pair) => pair[direction].wait()));
        paid = pieceBytes;
        pay(direction, paid);
        return wait;
      },
    },
    charge: (way, bytes) => {
      const free = way === direction ? Math.min(paid, bytes) : 0;
      paid -= free;
      if (bytes > free) pay(way, bytes - free);
    },
    end: () => pay(direction, -paid),
  };
}

function setShare(pair: Pair | undefined, here: number, elsewhere: number): void {
  if (pair === undefined || here === 0) return;
  for (const bucket of [pair.sent, pair.received]) bucket.setShare(here / (here + elsewhere));
}
