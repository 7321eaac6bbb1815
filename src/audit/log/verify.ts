import { fieldsOf, hashOf, type AuditFields } from './chain.ts';
import { readLines, type Line } from './lines.ts';

/** The result of verifying a file, or several files in order. */
export interface ChainReport {
  /** The first line that does not fit; undefined if all do. */
  readonly broken: Broken | undefined;
  /** Lines that carry the hash of the previous one. */
  readonly chained: number;
  /** Lines before the chain begins. They can't be verified. */
  readonly unchained: number;
  /** Lines that were incomplete after a crash, and marked so. */
  readonly torn: number;
  /** What the first line of the chain carries: null if the chain begins with it, undefined without a chain. */
  readonly begins: string | null | undefined;
  /** The hash of the last line. Kept elsewhere, it later shows whether lines were removed from the end. */
  readonly last: string | undefined;
  /** Whether a given hash is that of some line; undefined if none was given. */
  readonly foundKept: boolean | undefined;
}

interface Broken {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

/** Verifies the files as one chain, the oldest first. Rejects with a system error. */
export async function verifyChain(files: readonly string[], kept?: string): Promise<ChainReport> {
  const chain = new Chain(kept);
  for (const file of files) {
    for await (const line of readLines(file)) {
      const reason = line.isWhole ? chain.add(line) : chain.addIncomplete(line);
      if (reason !== undefined) return chain.verdict({ file, ...reason });
    }
  }
  return chain.verdict(undefined);
}

type Fault = Omit<Broken, 'file'>;

class Chain {
  readonly #kept: string | undefined;
  #last: string | undefined;
  #fragment: { readonly line: number; readonly bytes: number; readonly hash: string } | undefined;
  #chained = 0;
  #unchained = 0;
  #torn = 0;
  #found = false;
  #begins: string | null | undefined;

  constructor(kept: string | undefined) {
    this.#kept = kept;
  }

  add({ number, bytes }: Line): Fault | undefined {
    const fields = fieldsOf(bytes);
    const hash = hashOf(bytes);
    if (this.#fragment !== undefined) return this.#addAfterFragment(fields, hash, number);
    if (fields === undefined) {
      this.#fragment = { line: number, bytes: bytes.length, hash };
      return undefined;
    }
    return this.#addWhole(fields, hash, number);
  }

  /** A line without a line end is being written, or was during a crash. It is marked at the next start. */
  addIncomplete(_line: Line): undefined {
    this.#torn += 1;
  }

  #addAfterFragment(fields: AuditFields | undefined, hash: string, line: number): Fault | undefined {
    const fragment = this.#fragment;
    this.#fragment = undefined;
    if (fragment === undefined) return undefined;
    if (fields?.['event'] !== 'log' || fields['torn'] !== fragment.bytes) {
      return { line: fragment.line, reason: 'is no line of the audit log, and was not torn by a crash' };
    }
    this.#torn += 1;
    return this.#addWhole(fields, hash, line);
  }

  #addWhole(fields: AuditFields, hash: string, line: number): Fault | undefined {
    const { previous } = fields;
    if (previous === undefined && this.#chained > 0)
      return { line, reason: 'carries no hash: it was put in, or the chain was switched off there' };
    if (previous === undefined) this.#unchained += 1;
    else this.#count(previous);
    const fits = this.#last === undefined || previous === undefined || previous === this.#last;
    this.#last = hash;
    if (hash === this.#kept) this.#found = true;
    if (fits) return undefined;
    const reason =
      'does not follow the line before it: that one was changed, or lines between them were cut out';
    return { line, reason };
  }

  #count(previous: unknown): void {
    if (this.#chained === 0)
      this.#begins = typeof previous === 'string' && this.#last === undefined ? previous : null;
    this.#chained += 1;
  }

  verdict(broken: Broken | undefined): ChainReport {
    return {
      broken: broken ?? this.#fragmentAtEnd(),
      chained: this.#chained,
      unchained: this.#unchained,
      torn: this.#torn,
      begins: this.#begins,
      last: this.#last,
      foundKept: this.#kept === undefined ? undefined : this.#found,
    };
  }

  #fragmentAtEnd(): Broken | undefined {
    if (this.#fragment === undefined) return undefined;
    return { file: '', line: this.#fragment.line, reason: 'is no line of the audit log' };
  }
}
