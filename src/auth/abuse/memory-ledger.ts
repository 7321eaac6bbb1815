import { bytesOfText, ownText } from '../../lib/own-text.ts';
import { parsePlace, placeKey, worstOf } from './ledger.ts';
import type { Kind, Ledger, LedgerRow, Place, TakeRule, Taken } from './ledger.ts';

export interface MemoryLedgerOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How long a count lives after its first failure. */
  readonly windowMs: number;
  /** The most bytes for the counts of each kind. */
  readonly maxBytes?: number;
}

interface Entry {
  count: number;
  readonly endsAt: number;
  blockedUntil: number;
}

/** Some 10,000 users with names of usual length. */
const MAX_BYTES = 4 * 1024 * 1024;
/** The entry of a map, and its object. */
const ENTRY_BYTES = 160;
/** Of this many least recently used counts, the one with the fewest failures is evicted. */
const LOOKED_AT = 16;

interface Room {
  readonly entries: Map<string, Entry>;
  bytes: number;
}

/**
 * A ledger in this process, bounded in size. It uses no timer per key and no wall clock, unlike the memory store of
 * rate-limiter-flexible. Each kind is bounded by itself, so that a flood of addresses evicts no user.
 */
export class MemoryLedger implements Ledger {
  readonly #options: MemoryLedgerOptions;
  readonly #rooms = new Map<Kind, Room>();

  constructor(options: MemoryLedgerOptions) {
    this.#options = options;
  }

  async take(place: Place, { limit, blockMs, enforced }: TakeRule): Promise<Taken> {
    const entry = this.#open(place);
    const at = this.#options.now();
    const count = entry.count + 1;
    let blockedMs = 0;
    if (enforced && count >= limit) {
      if (entry.blockedUntil > at) return { ok: false, waitMs: entry.blockedUntil - at };
      blockedMs = blockMs(count);
      entry.blockedUntil = at + blockedMs;
    }
    entry.count = count;
    return { ok: true, count, blockedMs };
  }

  async giveBack(place: Place, block: boolean): Promise<void> {
    const entry = this.#find(place);
    if (entry === undefined) return;
    entry.count -= 1;
    if (block) entry.blockedUntil = 0;
    if (entry.count <= 0) this.#drop(place);
  }

  async forget(place: Place): Promise<void> {
    this.#drop(place);
  }

  async rows(most: number): Promise<readonly LedgerRow[]> {
    const at = this.#options.now();
    const rows = this.#places().map(({ place, entry }): LedgerRow => {
      const blockedMs = Math.max(0, entry.blockedUntil - at);
      return { ...place, failures: entry.count, blockedMs };
    });
    return worstOf(rows, most);
  }

  async forgetWhere(matches: (place: Place) => boolean): Promise<number> {
    const found = this.#places().filter(({ place }) => matches(place));
    for (const { place } of found) this.#drop(place);
    return found.length;
  }

  #room(kind: Kind): Room {
    let room = this.#rooms.get(kind);
    if (room === undefined) this.#rooms.set(kind, (room = { entries: new Map(), bytes: 0 }));
    return room;
  }

  #drop(place: Place): void {
    remove(this.#room(place.kind), placeKey(place));
  }

  #find(place: Place): Entry | undefined {
    const entry = this.#room(place.kind).entries.get(placeKey(place));
    return entry === undefined || this.#isOver(entry) ? undefined : entry;
  }

  #open(place: Place): Entry {
    const { now, windowMs, maxBytes = MAX_BYTES } = this.#options;
    const room = this.#room(place.kind);
    const key = ownText(placeKey(place));
    const entry = this.#find(place) ?? { count: 0, endsAt: now() + windowMs, blockedUntil: 0 };
    remove(room, key);
    while (room.entries.size > 0 && room.bytes + bytesOf(key) > maxBytes) this.#makeRoom(room);
    room.entries.set(key, entry);
    room.bytes += bytesOf(key);
    return entry;
  }

  #makeRoom(room: Room): void {
    let fewest: { readonly key: string; readonly count: number } | undefined;
    let looked = 0;
    for (const [key, entry] of room.entries) {
      const count = this.#isOver(entry) ? 0 : entry.count;
      if (fewest === undefined || count < fewest.count) fewest = { key, count };
      looked += 1;
      if (looked >= LOOKED_AT) break;
    }
    if (fewest !== undefined) remove(room, fewest.key);
  }

  /** A block may outlast the window in which it began. */
  #isOver({ endsAt, blockedUntil }: Entry): boolean {
    return Math.max(endsAt, blockedUntil) <= this.#options.now();
  }

  #places(): { readonly place: Place; readonly entry: Entry }[] {
    return [...this.#rooms.values()].flatMap((room) =>
      [...room.entries].flatMap(([key, entry]) => {
        const place = parsePlace(key);
        return place === undefined || this.#isOver(entry) ? [] : [{ place, entry }];
      }),
    );
  }
}

function remove(room: Room, key: string): void {
  if (room.entries.delete(key)) room.bytes -= bytesOf(key);
}

function bytesOf(key: string): number {
  return ENTRY_BYTES + bytesOfText(key);
}
