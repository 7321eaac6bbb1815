import { forEachInSlices, sortInSlices } from '../../../oci/manifest/slices.ts';

/** Memory that a repository takes, and an entry: a digest and its slot in a collection. */
const REPOSITORY_BYTES = 1024;
const ENTRY_BYTES = 300;

/** Digests of manifests that refer to one subject. */
interface Referring {
  digests: readonly string[];
  readonly fresh: string[];
}

/** Which manifests of one repository have been read, and what they refer to. Bytes of a digest never change. */
export class KnownManifests {
  /** The current scan, or the last one. */
  scan: Promise<void> = Promise.resolve();
  /** The scan after it, which all requests share that arrive during the current one. */
  nextScan: Promise<void> | undefined;
  /** Approximate memory. */
  bytes = REPOSITORY_BYTES;
  readonly #artifactTypes = new Map<string, string | undefined>();
  readonly #bySubject = new Map<string, Referring>();
  readonly #unsorted = new Set<Referring>();
  #lists: readonly (readonly string[])[] = [];

  has(digest: string): boolean {
    return this.#artifactTypes.has(digest);
  }

  artifactTypeOf(digest: string): string | undefined {
    return this.#artifactTypes.get(digest);
  }

  add(digest: string, subject: string | undefined, artifactType: string | undefined): void {
    if (this.has(digest)) return;
    this.#artifactTypes.set(digest, subject === undefined ? undefined : artifactType);
    this.bytes += ENTRY_BYTES;
    if (subject === undefined) return;
    this.bytes += ENTRY_BYTES + (artifactType?.length ?? 0);
    const known = this.#bySubject.get(subject) ?? { digests: [], fresh: [] };
    this.#bySubject.set(subject, known);
    known.fresh.push(digest);
    this.#unsorted.add(known);
  }

  /** In byte order. */
  referrersOf(subject: string): readonly string[] {
    return this.#bySubject.get(subject)?.digests ?? [];
  }

  /** Reports whether these are the manifest names of the last scan. */
  isUpToDate(lists: readonly (readonly string[])[]): boolean {
    return lists.every((list, at) => list === this.#lists[at]);
  }

  /** Ends a scan. `isWhole`: no manifest has to be read again. Removed manifests are forgotten. */
  async endScan(lists: readonly (readonly string[])[], isWhole: boolean): Promise<void> {
    this.#lists = isWhole ? lists : [];
    const there = lists.reduce((sum, list) => sum + list.length, 0);
    if (this.#artifactTypes.size > there) await this.#forgetAllBut(lists);
    for (const known of this.#unsorted)
      known.digests = await sortInSlices([...known.digests, ...known.fresh.splice(0)]);
    this.#unsorted.clear();
  }

  async #forgetAllBut(lists: readonly (readonly string[])[]): Promise<void> {
    const there = new Set<string>();
    for (const list of lists) await forEachInSlices(list, (hex) => void there.add(hex));
    const isThere = (digest: string): boolean => there.has(digest.slice(digest.indexOf(':') + 1));
    await forEachInSlices(this.#artifactTypes.keys(), (digest) => {
      if (!isThere(digest)) this.#artifactTypes.delete(digest);
    });
    for (const [subject, known] of this.#bySubject) {
      const left: string[] = [];
      for (const list of [known.digests, known.fresh.splice(0)])
        await forEachInSlices(list, (digest) => void (isThere(digest) && left.push(digest)));
      known.digests = left;
      if (left.length === 0) this.#bySubject.delete(subject);
      else this.#unsorted.add(known);
    }
    this.bytes = REPOSITORY_BYTES + this.#artifactTypes.size * ENTRY_BYTES * 2;
  }
}
