import { bytesOfText, ownText } from './own-text.ts';

export interface ExpiringMapOptions<V> {
  /** Most memory that the entries may take, in bytes; the oldest make room. */
  readonly maxBytes: number;
  /** Most entries at one time, where that is to be bounded too. */
  readonly maxSize?: number;
  /** What a value takes besides its entry, in bytes. Without it: a text by its length, anything else nothing. */
  readonly bytesOf?: (value: V) => number;
  /** How long an entry lives after it was set, in the unit of `now`. */
  readonly ttl: number;
  /** A clock that never runs backwards. */
  readonly now: () => number;
}

/** A map that forgets: entries end after a fixed time, and the oldest go when it is full. */
export interface ExpiringMap<V> {
  readonly size: number;
  /** Memory that the entries take, in bytes, by a careful estimate. */
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

/** A place in a map of V8, the object there, and its numbers. */
const ENTRY_BYTES = 160;

/**
 * Every operation takes the same time however full the map is: entries stand in the order in which they end. Keys are
 * copied, so that none keeps the request alive that it came with. A value that is larger than the whole map is not kept.
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
