import { bytesOfText, ownText } from '../../lib/own-text.ts';
import { parseKey, renderKey, worstOf } from './ledger.ts';
import type { CountKind, Ledger, LedgerRow, CountKey, CountRule, Counted } from './ledger.ts';

interface MemoryLedgerOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How long a count lives after its first failure. */
  readonly windowMs: number;
  /** The most bytes for the counts of each kind. */
  readonly maxBytes?: number;
}

interface FailureCount {
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

interface Partition {
  readonly entries: Map<string, FailureCount>;
  bytes: number;
}

/**
 * A ledger in this process, bounded in size. It uses no timer per key and no wall clock, unlike the memory store of
 * rate-limiter-flexible. Each kind is bounded by itself, so that a flood of addresses evicts no user.
 */
export class MemoryLedger implements Ledger {
  readonly #options: MemoryLedgerOptions;
  readonly #partitions = new Map<CountKind, Partition>();

  constructor(options: MemoryLedgerOptions) {
    this.#options = options;
  }

  async count(key: CountKey, { limit, blockMs, enforced }: CountRule): Promise<Counted> {
    const entry = this.#touch(key);
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

  async uncount(key: CountKey, block: boolean): Promise<void> {
    const entry = this.#find(key);
    if (entry === undefined) return;
    entry.count -= 1;
    if (block) entry.blockedUntil = 0;
    if (entry.count <= 0) this.#delete(key);
  }

  async remove(key: CountKey): Promise<void> {
    this.#delete(key);
  }

  async rows(most: number): Promise<readonly LedgerRow[]> {
    const at = this.#options.now();
    const rows = this.#keys().map(({ key, entry }): LedgerRow => {
      const blockedMs = Math.max(0, entry.blockedUntil - at);
      return { ...key, failures: entry.count, blockedMs };
    });
    return worstOf(rows, most);
  }

  async removeWhere(matches: (key: CountKey) => boolean): Promise<number> {
    const found = this.#keys().filter(({ key }) => matches(key));
    for (const { key } of found) this.#delete(key);
    return found.length;
  }

  #partition(kind: CountKind): Partition {
    let partition = this.#partitions.get(kind);
    if (partition === undefined) this.#partitions.set(kind, (partition = { entries: new Map(), bytes: 0 }));
    return partition;
  }

  #delete(key: CountKey): void {
    remove(this.#partition(key.kind), renderKey(key));
  }

  #find(key: CountKey): FailureCount | undefined {
    const entry = this.#partition(key.kind).entries.get(renderKey(key));
    return entry === undefined || this.#isOver(entry) ? undefined : entry;
  }

  #touch(key: CountKey): FailureCount {
    const { now, windowMs, maxBytes = MAX_BYTES } = this.#options;
    const partition = this.#partition(key.kind);
    const text = ownText(renderKey(key));
    const entry = this.#find(key) ?? { count: 0, endsAt: now() + windowMs, blockedUntil: 0 };
    remove(partition, text);
    while (partition.entries.size > 0 && partition.bytes + bytesOf(text) > maxBytes)
      this.#makeRoom(partition);
    partition.entries.set(text, entry);
    partition.bytes += bytesOf(text);
    return entry;
  }

  #makeRoom(partition: Partition): void {
    let fewest: { readonly text: string; readonly count: number } | undefined;
    let looked = 0;
    for (const [text, entry] of partition.entries) {
      const count = this.#isOver(entry) ? 0 : entry.count;
      if (fewest === undefined || count < fewest.count) fewest = { text, count };
      looked += 1;
      if (looked >= LOOKED_AT) break;
    }
    if (fewest !== undefined) remove(partition, fewest.text);
  }

  /** A block may outlast the window in which it began. */
  #isOver({ endsAt, blockedUntil }: FailureCount): boolean {
    return Math.max(endsAt, blockedUntil) <= this.#options.now();
  }

  #keys(): { readonly key: CountKey; readonly entry: FailureCount }[] {
    return [...this.#partitions.values()].flatMap((partition) =>
      [...partition.entries].flatMap(([text, entry]) => {
        const key = parseKey(text);
        return key === undefined || this.#isOver(entry) ? [] : [{ key, entry }];
      }),
    );
  }
}

function remove(partition: Partition, text: string): void {
  if (partition.entries.delete(text)) partition.bytes -= bytesOf(text);
}

function bytesOf(text: string): number {
  return ENTRY_BYTES + bytesOfText(text);
}
