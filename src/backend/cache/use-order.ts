export interface UsedFile {
  readonly name: string;
  readonly size: number;
  /** When it was last used, as far as this process knows, in milliseconds since 1970. */
  readonly usedAt: number;
}

/** Files in the order of their last use, and their total size. */
export class UseOrder {
  #entries = new Map<string, UsedFile>();
  #bytes = 0;

  get files(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(name: string): UsedFile | undefined {
    return this.#entries.get(name);
  }

  /** Returns the least recently used file. */
  oldest(): UsedFile | undefined {
    for (const entry of this.#entries.values()) return entry;
    return undefined;
  }

  /** Records the latest use of all. */
  use(entry: UsedFile): void {
    this.remove(entry.name);
    this.#entries.set(entry.name, entry);
    this.#bytes += entry.size;
  }

  remove(name: string): void {
    this.#bytes -= this.#entries.get(name)?.size ?? 0;
    this.#entries.delete(name);
  }

  /** Replaces all files, in any order. Of two times of use the later one counts. */
  replace(entries: readonly UsedFile[]): void {
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
