import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../../../lib/errors.ts';
import { makePath } from '../../../lib/files/make-path.ts';
import { isTag } from '../../../oci/request/route.ts';
import type { Digest } from '../../../oci/digest.ts';
import { DirectoryCache } from '../disk/directory-cache.ts';
import {
  discard,
  ifExists,
  isRenamed,
  exists,
  readLink,
  syncAndClose,
  whenAll,
  writeNew,
} from '../disk/durable.ts';
import { FOLDER_MODE, makeFolder, syncFolder, syncFolders } from '../disk/folders.ts';
import type { Staging } from '../disk/staging.ts';
import { concurrentForEach } from '../../../lib/concurrent-for-each.ts';
import { CURRENT, indexLink, type Paths } from '../disk/paths.ts';

interface TagStoreOptions {
  readonly paths: Paths;
  readonly staging: Staging;
  readonly now: () => Date;
}

/** A tag that is written but not visible yet. */
export interface PreparedTag {
  /** Makes the tag name the manifest. */
  set(): Promise<void>;
  discard(): Promise<void>;
}

/** The most bytes of folder names kept in memory. */
const MOST_BYTES = 64 * 1024 * 1024;
const TRIES = 8;

/** Tags and the manifests that they name. Each is replaced by rename; the disk is the only state. */
export class TagStore {
  readonly #paths: Paths;
  readonly #staging: Staging;
  readonly #folders: DirectoryCache;

  constructor({ paths, staging, now }: TagStoreOptions) {
    this.#paths = paths;
    this.#staging = staging;
    this.#folders = new DirectoryCache({ accepts: isTag, mostBytes: MOST_BYTES, now });
  }

  /** Returns all tags in byte order, or undefined if the repository is unknown. */
  async list(repository: string): Promise<readonly string[] | undefined> {
    const names = await this.#folders.list(this.#paths.tags(repository));
    if (names !== undefined) return names;
    const folder = this.#paths.repository(repository);
    const known = (await exists(`${folder}/_layers`)) || (await exists(`${folder}/_manifests`));
    return known ? [] : undefined;
  }

  /** Returns the manifest that a tag names. */
  async resolve(repository: string, tag: string): Promise<Digest | undefined> {
    return readLink(`${this.#paths.tag(repository, tag)}/${CURRENT}`);
  }

  /**
   * Writes the links of a tag aside and syncs them, while other work goes on, so that `set` has little to wait for.
   * Call `set` or `discard` on the result.
   */
  async prepare(repository: string, tag: string, digest: Digest): Promise<PreparedTag> {
    const folder = this.#paths.tag(repository, tag);
    const staged = await StagedTag.write(this.#staging.path(), digest, !(await exists(folder)));
    return { discard: () => staged.discard(), set: () => this.#set(folder, staged) };
  }

  /** If the tag is removed at the same time, both its links exist or neither. */
  async #set(folder: string, prepared: StagedTag): Promise<void> {
    const { digest } = prepared;
    let staged = prepared;
    for (let tries = 1; ; tries += 1) {
      try {
        if (!(await exists(folder)) && (await this.#create(folder, staged))) return;
        await this.#staging.putAll(
          [indexLink(digest), CURRENT].map((link) => ({
            target: `${folder}/${link}`,
            path: `${staged.path}/${link}`,
          })),
        );
      } finally {
        await staged.discard();
      }
      if (tries === TRIES || (await exists(`${folder}/${indexLink(digest)}`))) return;
      staged = await StagedTag.write(this.#staging.path(), digest, true);
    }
  }

  /** Creates a tag atomically. Returns false if another writer was faster. */
  async #create(folder: string, staged: StagedTag): Promise<boolean> {
    await staged.syncFolders();
    const above = await makeFolder(dirname(folder));
    try {
      await rename(staged.path, folder);
    } catch (error) {
      if (['EEXIST', 'ENOTEMPTY', 'ENOENT'].includes(systemCode(error) ?? '')) return false;
      throw error;
    }
    await syncFolders([...above, dirname(folder)]);
    return true;
  }

  /** Removes a tag. Returns false if there was none. */
  async remove(repository: string, tag: string): Promise<boolean> {
    return this.#staging.remove(this.#paths.tag(repository, tag));
  }

  /**
   * Removes every tag that names a manifest. It costs one `stat` for each tag of the repository: tags that ever named
   * the manifest have it in their index, and no other index exists on the disk.
   */
  async removeAllOf(repository: string, digest: Digest): Promise<void> {
    const tags = (await this.#folders.list(this.#paths.tags(repository))) ?? [];
    const link = indexLink(digest);
    await concurrentForEach(tags, async (tag) => {
      if (!(await exists(`${this.#paths.tag(repository, tag)}/${link}`))) return;
      if ((await this.resolve(repository, tag))?.text === digest.text)
        await this.#removeIf(repository, tag, digest);
    });
  }

  /** A tag that was moved to another manifest meanwhile is put back. */
  async #removeIf(repository: string, tag: string, digest: Digest): Promise<void> {
    const folder = this.#paths.tag(repository, tag);
    const staged = this.#staging.path();
    if (!(await isRenamed(folder, staged))) return;
    const current = await readLink(`${staged}/${CURRENT}`);
    if (current !== undefined && current.text !== digest.text) {
      await ifExists(rename(staged, folder)).catch(() => undefined);
    }
    await syncFolder(dirname(folder));
    await discard(staged);
  }
}

/** Both links of a tag in a folder of their own, synced. */
class StagedTag {
  readonly path: string;
  readonly digest: Digest;
  #areFoldersSynced = false;

  /** `whole`: also sync its folders, for a tag that does not exist yet. */
  static async write(path: string, digest: Digest, whole: boolean): Promise<StagedTag> {
    const staged = new StagedTag(path, digest);
    try {
      const links = staged.#links();
      await whenAll(links.map((link) => makePath(dirname(link), FOLDER_MODE)));
      const files = await whenAll(links.map((link) => writeNew(link, digest.text)));
      await whenAll([...files.map(syncAndClose), ...(whole ? [staged.syncFolders()] : [])]);
      return staged;
    } catch (error) {
      await staged.discard();
      throw error;
    }
  }

  private constructor(path: string, digest: Digest) {
    this.path = path;
    this.digest = digest;
  }

  async syncFolders(): Promise<void> {
    if (this.#areFoldersSynced) return;
    const folders = new Set<string>();
    for (const link of this.#links()) {
      for (let folder = dirname(link); folder.length >= this.path.length; folder = dirname(folder))
        folders.add(folder);
    }
    await syncFolders(folders);
    this.#areFoldersSynced = true;
  }

  #links(): string[] {
    return [indexLink(this.digest), CURRENT].map((link) => `${this.path}/${link}`);
  }

  async discard(): Promise<void> {
    await discard(this.path);
  }
}
