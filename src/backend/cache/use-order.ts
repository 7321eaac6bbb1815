export interface Entry {
  readonly name: string;
  readonly size: number;
  /** When it was last used, as far as is known here, in milliseconds since 1970. */
  readonly usedAt: number;
}

/** Files in the order of their last use, and how much they are together. */
export class UseOrder {
  #entries = new Map<string, Entry>();
  #bytes = 0;

  get files(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** The one that was not used for the longest time. */
  oldest(): Entry | undefined {
    for (const entry of this.#entries.values()) return entry;
    return undefined;
  }

  /** Notes a use, the last one of all. */
  use(entry: Entry): void {
    this.remove(entry.name);
    this.#entries.set(entry.name, entry);
    this.#bytes += entry.size;
  }

  remove(name: string): void {
    this.#bytes -= this.#entries.get(name)?.size ?? 0;
    this.#entries.delete(name);
  }

  /** What is there now, in any order. Of what was known before, the later time counts. */
  replace(entries: readonly Entry[]): void {
    const known = this.#entries;
    this.#entries = new Map();
    this.#bytes = 0;
    const merged = entries.map((entry) => {
      const usedAt = Math.max(entry.usedAt, known.get(entry.name)?.usedAt ?? 0);
      return { ...entry, usedAt };
    });
    for (const entry of merged.sort((a, b) => a.usedAt - b.usedAt)) this.use(entry);
  }
}
