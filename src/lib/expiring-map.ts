import { bytesOfText, ownText } from './own-text.ts';

interface ExpiringMapOptions<V> {
  /** The most memory that the entries may take, in bytes. The oldest entries make room. */
  readonly maxBytes: number;
  /** The most entries at one time, if that is limited too. */
  readonly maxSize?: number;
  /** The memory that a value takes besides its entry, in bytes. Default: a text by its length, 0 for any other value. */
  readonly bytesOf?: (value: V) => number;
  /** How long an entry lives after it was set, in the unit of `now`. */
  readonly ttl: number;
  /** A clock that never goes backwards. */
  readonly now: () => number;
}

/** A map whose entries expire after a fixed time, and whose oldest entries are removed when it is full. */
export interface ExpiringMap<V> {
  readonly size: number;
  /** The memory that the entries take, in bytes, by a conservative estimate. */
  readonly bytes: number;
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  clear(): void;
}

interface Entry<V> {
  readonly value: V;
  readonly endsAt: number;
  readonly bytes: number;
}

/** The memory of an entry in a Map of V8, with its object and its numbers. */
const ENTRY_BYTES = 160;

/**
 * Each operation takes constant time: the entries are kept in the order in which they expire. Keys are copied, so that
 * none keeps alive the request that it came with. A value larger than the whole map is not kept.
 */
export function createExpiringMap<V>(options: ExpiringMapOptions<V>): ExpiringMap<V> {
  const { maxBytes, maxSize = Infinity, ttl, now, bytesOf = bytesOfValue } = options;
  const entries = new Map<string, Entry<V>>();
  let bytes = 0;

  const remove = (key: string): void => {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  const dropEnded = (time: number): void => {
    for (const [key, { endsAt }] of entries) {
      if (endsAt > time && entries.size <= maxSize && bytes <= maxBytes) return;
      remove(key);
    }
  };

  return {
    get size() {
      return entries.size;
    },
    get bytes() {
      return bytes;
    },
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.endsAt > now()) return entry.value;
      remove(key);
      return undefined;
    },
    set(key, value) {
      const time = now();
      const entry = { value, endsAt: time + ttl, bytes: ENTRY_BYTES + bytesOfText(key) + bytesOf(value) };
      remove(key);
      if (entry.bytes > maxBytes) return;
      entries.set(ownText(key), entry);
      bytes += entry.bytes;
      dropEnded(time);
    },
    delete: remove,
    clear: () => {
      entries.clear();
      bytes = 0;
    },
  };
}

function bytesOfValue(value: unknown): number {
  return typeof value === 'string' ? bytesOfText(value) : 0;
}
