import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../lib/errors.ts';
import { isTag } from '../registry/grammar.ts';
import type { Digest } from '../registry/digest.ts';
import { DirectoryCache } from './directory-cache.ts';
import {
  discard,
  ifAny,
  isRenamed,
  isThere,
  makeFolder,
  readLink,
  syncFolder,
  whenAll,
  writeSynced,
} from './durable.ts';
import type { Staging } from './durable.ts';
import { inTurn } from './in-turn.ts';
import { CURRENT, indexLink } from './paths.ts';
import type { Paths } from './paths.ts';

export interface TagStoreOptions {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly now: () => Date;
}

const MAX_NAMES = 300_000;
const TRIES = 8;

/** Tags: which manifest a name stands for. Each is swapped by rename; there is no state but the disk's. */
export class TagStore {
  readonly #paths: Paths;
  readonly #staging: Staging;
  readonly #folders: DirectoryCache;

  constructor({ paths, staging, now }: TagStoreOptions) {
    this.#paths = paths;
    this.#staging = staging;
    this.#folders = new DirectoryCache({ accepts: isTag, maxNames: MAX_NAMES, now });
  }

  /** All tags in byte order; undefined where the repository is unknown. */
  async list(repository: string): Promise<readonly string[] | undefined> {
    const names = await this.#folders.list(this.#paths.tags(repository));
    if (names !== undefined) return names;
    const folder = this.#paths.repository(repository);
    const known = (await isThere(`${folder}/_layers`)) || (await isThere(`${folder}/_manifests`));
    return known ? [] : undefined;
  }

  /** What a tag names now. */
  async resolve(repository: string, tag: string): Promise<Digest | undefined> {
    return readLink(`${this.#paths.tag(repository, tag)}/${CURRENT}`);
  }

  /** Makes a tag name a manifest. A tag that is removed at the same time is there with both its links, or not at all. */
  async set(repository: string, tag: string, digest: Digest): Promise<void> {
    const folder = this.#paths.tag(repository, tag);
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (!(await isThere(folder)) && (await this.#create(folder, digest))) return;
      await this.#staging.putAll(
        [indexLink(digest), CURRENT].map((link) => ({ target: `${folder}/${link}`, bytes: digest.text })),
      );
      if (await isThere(`${folder}/${indexLink(digest)}`)) return;
    }
  }

  /** A new tag appears whole: its folder is made aside. False where somebody else was faster. */
  async #create(folder: string, digest: Digest): Promise<boolean> {
    const staged = this.#staging.path();
    try {
      const links = [indexLink(digest), CURRENT].map((link) => `${staged}/${link}`);
      await whenAll([...links.map((link) => writeNew(link, digest.text)), makeFolder(dirname(folder))]);
      await rename(staged, folder);
    } catch (error) {
      await discard(staged);
      if (['EEXIST', 'ENOTEMPTY', 'ENOENT'].includes(systemCode(error) ?? '')) return false;
      throw error;
    }
    await syncFolder(dirname(folder));
    return true;
  }

  /** Removes a tag. False where there was none. */
  async remove(repository: string, tag: string): Promise<boolean> {
    return this.#staging.remove(this.#paths.tag(repository, tag));
  }

  /**
   * Removes every tag that names a manifest. One `stat` for each tag of the repository: those that ever named it have it
   * in their index, and nothing on the disk says it shorter.
   */
  async removeAllOf(repository: string, digest: Digest): Promise<void> {
    const tags = (await this.#folders.list(this.#paths.tags(repository))) ?? [];
    const link = indexLink(digest);
    await inTurn(tags, async (tag) => {
      if (!(await isThere(`${this.#paths.tag(repository, tag)}/${link}`))) return;
      if ((await this.resolve(repository, tag))?.text === digest.text)
        await this.#removeIf(repository, tag, digest);
    });
  }

  /** A tag that was moved to another manifest at this moment is put back. */
  async #removeIf(repository: string, tag: string, digest: Digest): Promise<void> {
    const folder = this.#paths.tag(repository, tag);
    const staged = this.#staging.path();
    if (!(await isRenamed(folder, staged))) return;
    const current = await readLink(`${staged}/${CURRENT}`);
    if (current !== undefined && current.text !== digest.text) {
      await ifAny(rename(staged, folder)).catch(() => undefined);
    }
    await syncFolder(dirname(folder));
    await discard(staged);
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  await writeSynced(path, text);
  await syncFolder(dirname(path));
}
