import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ALGORITHMS, parseDigest, type Digest } from '../../../oci/digest.ts';
import { discard, ifExists, isRenamed, exists, moveDurably, readLink } from '../disk/durable.ts';
import { makeFolder, removeIfEmpty } from '../disk/folders.ts';
import { markNew, type GcProgress, type Marks } from './mark.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import type { Registry } from '../store/registry.ts';

interface SweepOptions {
  readonly registry: Registry;
  readonly marks: Marks;
  readonly before: number;
  readonly dryRun: boolean;
  readonly onProgress?: ((progress: GcProgress) => void) | undefined;
}

interface SetAside {
  readonly digest: Digest;
  readonly path: string;
  readonly size: number;
}

/** Blobs moved aside at one time. */
const BATCH = 500;

/**
 * Removes unmarked blobs. A blob is first moved aside, then new manifests are marked, and only then is the blob removed
 * or put back. A push links its manifest first and looks at its blobs after that, so one of the two always sees the
 * other.
 */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #gone = new Set<string>();
  #blobs = 0;
  #bytes = 0;
  #done = 0;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  async blobs(): Promise<{ readonly blobs: number; readonly bytes: number }> {
    let batch: SetAside[] = [];
    for await (const digest of this.#stored()) {
      const aside = await this.#setAside(digest);
      if (aside !== undefined) batch.push(aside);
      if (batch.length < BATCH) continue;
      await this.#finish(batch);
      batch = [];
    }
    await this.#finish(batch);
    return { blobs: this.#blobs, bytes: this.#bytes };
  }

  /** Removes links of repositories to blobs that do not exist. Returns their number. */
  async links(): Promise<number> {
    const { registry, dryRun, onProgress } = this.#options;
    let links = 0;
    let done = 0;
    for await (const repository of registry.catalog.walk()) {
      for (const algorithm of ALGORITHMS) {
        const names = (await ifExists(readdir(registry.paths.layers(repository, algorithm)))) ?? [];
        await concurrentForEach(names, async (hex) => {
          const digest = parseDigest(`${algorithm}:${hex}`);
          if (digest === undefined || !(await this.#isDangling(repository, digest))) return;
          if (dryRun || (await this.#unlink(repository, digest))) links += 1;
        });
      }
      done += 1;
      onProgress?.({ phase: 'links', done });
    }
    return links;
  }

  async *#stored(): AsyncGenerator<Digest> {
    const { paths } = this.#options.registry;
    for (const algorithm of ALGORITHMS) {
      const root = `${paths.blobs}/${algorithm}`;
      for (const prefix of (await ifExists(readdir(root))) ?? []) {
        for (const hex of (await ifExists(readdir(`${root}/${prefix}`))) ?? []) {
          const digest = parseDigest(`${algorithm}:${hex}`);
          if (digest !== undefined && hex.startsWith(prefix)) yield digest;
        }
      }
    }
  }

  /** Moves a blob aside if it is old and not marked. Returns undefined if it stays. */
  async #setAside(digest: Digest): Promise<SetAside | undefined> {
    const { registry, marks, before, dryRun, onProgress } = this.#options;
    this.#done += 1;
    if (this.#done % BATCH === 0) onProgress?.({ phase: 'sweep', done: this.#done });
    if (marks.keep.has(digest)) return undefined;
    const from = registry.paths.blob(digest);
    const found = await ifExists(stat(from));
    if (found === undefined || found.mtimeMs >= before) return undefined;
    if (dryRun) {
      this.#count(digest, found.size);
      return undefined;
    }
    const path = registry.paths.collected(digest);
    if (!(await isRenamed(from, path))) return undefined;
    return { digest, path, size: found.size };
  }

  async #finish(batch: readonly SetAside[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      await markNew(this.#options.registry, this.#options.marks);
    } catch (error) {
      for (const aside of batch) await this.#restore(aside);
      throw error;
    }
    await concurrentForEach(batch, (aside) => this.#decide(aside));
  }

  async #decide(aside: SetAside): Promise<void> {
    const { marks, before, registry } = this.#options;
    const { digest, path, size } = aside;
    if (marks.keep.has(digest)) {
      await this.#restore(aside);
      return;
    }
    // From here on no request can find the blob.
    const last = `${path}.last`;
    if (!(await isRenamed(path, last))) return;
    const found = await ifExists(stat(last));
    // A registry that is opened at this moment puts blobs back.
    if (found === undefined) return;
    if (found.mtimeMs >= before) {
      await this.#restore({ digest, path: last, size });
      return;
    }
    await rm(last, { force: true });
    await removeIfEmpty(registry.paths.blobFolder(digest));
    this.#count(digest, size);
  }

  async #restore({ digest, path }: SetAside): Promise<void> {
    const { paths } = this.#options.registry;
    await makeFolder(paths.blobFolder(digest));
    await ifExists(rename(path, paths.blob(digest)));
  }

  /** The link is moved aside first and put back if the blob was pushed meanwhile: a push writes the link last. */
  async #unlink(repository: string, digest: Digest): Promise<boolean> {
    const { paths, staging } = this.#options.registry;
    const link = paths.layer(repository, digest);
    const aside = staging.path();
    if (!(await isRenamed(link, aside))) return false;
    const target = (await readLink(aside)) ?? digest;
    if ((await exists(paths.blob(digest))) || (await exists(paths.blob(target)))) {
      await moveDurably(aside, link);
      return false;
    }
    await discard(aside);
    await removeIfEmpty(dirname(link));
    return true;
  }

  #count(digest: Digest, size: number): void {
    this.#gone.add(digest.text);
    this.#blobs += 1;
    this.#bytes += size;
  }

  async #isDangling(repository: string, digest: Digest): Promise<boolean> {
    const { paths } = this.#options.registry;
    const isGone = async (one: Digest): Promise<boolean> =>
      (this.#options.dryRun && this.#gone.has(one.text)) || !(await exists(paths.blob(one)));
    if (!(await isGone(digest))) return false;
    const target = await readLink(paths.layer(repository, digest));
    return target !== undefined && (await isGone(target));
  }
}
