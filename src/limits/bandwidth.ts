import type { Pace } from '../lib/streams/idle-watch.ts';

export interface BandwidthOptions {
  /** The rate of all transfers together in each direction, in bytes per second; undefined is no limit. */
  readonly all: number | undefined;
  /** The rate of the transfers with one key. */
  readonly each: number | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Called when a transfer has begun or ended. */
  readonly onChange?: () => void;
}

/** Seen from the gate. */
export type Direction = 'received' | 'sent';

/** The part of one transfer. */
interface Ration {
  readonly pace: Pace;
  charge(direction: Direction, bytes: number): void;
  end(): void;
}

/** How many transfers a process carries, in all and of each key. */
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
/** A piece is small enough to make the rate even, and large enough to be cheap. */
const PIECES_PER_SECOND = 50;
const NONE: Traffic = { all: 0, of: {} };

/**
 * Limits the rate of transfers, of all together and of each key. Of several processes each has a share of the rate: its
 * part of all transfers, whose numbers the processes report to each other.
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

  /** Begins a transfer whose bytes move mostly in this direction. */
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

  /** The transfers of this process. */
  traffic(): Traffic {
    if (this.#active === 0) return NONE;
    const busy = [...this.#users].filter(([, { active }]) => active > 0);
    return { all: this.#active, of: Object.fromEntries(busy.map(([key, { active }]) => [key, active])) };
  }

  /** `elsewhere` gives the traffic of the other processes. */
  follow(elsewhere: () => readonly Traffic[]): void {
    this.#elsewhere = elsewhere;
  }

  /** Computes the share of this process again, after the traffic of others has changed. */
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

  /** Forgets a key when its debt is paid; forgotten earlier, it would begin again without debt. */
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
 * Charges a piece before it moves, so that each transfer waits for those charged before it: a hundred transfers move piece
 * by piece in turn, also when they begin at the same moment.
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

/** The most credit, as the time in which it passes, in milliseconds: makes up for idle moments and late timers. */
const BURST_MS = 100;

/**
 * A token bucket that may be overdrawn: bytes are charged as they pass, and the next ones wait until the debt is paid. No
 * byte is held back to be measured, and transfers that share a bucket move piece by piece in turn.
 */
class Bucket {
  readonly #now: () => number;
  /** Bytes per millisecond. */
  readonly #rate: number;
  #share = 1;
  #credit = 0;
  #at: number;

  /** `now` are monotonic milliseconds. */
  constructor(bytesPerSecond: number, now: () => number) {
    this.#rate = bytesPerSecond / 1000;
    this.#now = now;
    this.#at = now();
  }

  charge(bytes: number): void {
    this.#fill();
    this.#credit -= bytes;
  }

  /** How long until the debt is paid, in milliseconds. */
  wait(): number {
    this.#fill();
    return this.#credit >= 0 ? 0 : -this.#credit / (this.#rate * this.#share);
  }

  /** Sets the share of the rate for this process, above 0 and at most 1. */
  setShare(share: number): void {
    this.#fill();
    this.#share = share;
  }

  #fill(): void {
    const at = this.#now();
    const rate = this.#rate * this.#share;
    this.#credit = Math.min(this.#credit + (at - this.#at) * rate, rate * BURST_MS);
    this.#at = at;
  }
}
