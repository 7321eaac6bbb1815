export interface ExpiringMapOptions {
  /** Most entries at one time; the oldest makes room. */
  readonly maxSize: number;
  /** How long an entry lives after it was set, in the unit of `now`. */
  readonly ttl: number;
  /** A clock that never runs backwards. */
  readonly now: () => number;
}

/** A map that forgets: entries end after a fixed time, and the oldest go when it is full. */
export interface ExpiringMap<K, V> {
  readonly size: number;
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): void;
  clear(): void;
}

/** Every operation takes the same time however full the map is: entries stand in the order in which they end. */
export function createExpiringMap<K, V>({ maxSize, ttl, now }: ExpiringMapOptions): ExpiringMap<K, V> {
  const entries = new Map<K, { readonly value: V; readonly endsAt: number }>();

  const dropEnded = (time: number): void => {
    for (const [key, { endsAt }] of entries) {
      if (endsAt > time && entries.size <= maxSize) return;
      entries.delete(key);
    }
  };

  return {
    get size() {
      return entries.size;
    },
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.endsAt > now()) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value) {
      const time = now();
      entries.delete(key);
      entries.set(key, { value, endsAt: time + ttl });
      dropEnded(time);
    },
    delete: (key) => void entries.delete(key),
    clear: () => entries.clear(),
  };
}
