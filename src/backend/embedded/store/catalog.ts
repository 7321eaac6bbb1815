import type { CatalogPage } from '../../../oci/catalog.ts';
import { isRepository } from '../../../oci/request/route.ts';
import { DirectoryCache, indexAfter } from '../disk/directory-cache.ts';
import type { Paths } from '../disk/paths.ts';

interface CatalogOptions {
  readonly paths: Paths;
  readonly now: () => Date;
}

/** Folders of a repository itself. All others below it are components of longer names. */
const OWN = ['_layers', '_manifests', '_uploads'];
/** The most bytes of folder names kept in memory. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * All repositories in the order of distribution: component by component, so that `a/b` comes before `a-b`. A repository
 * is a folder that holds `_layers`. A page costs one `stat` for each folder on it, and none for the names before it.
 */
export class Catalog {
  readonly #paths: Paths;
  readonly #folders: DirectoryCache;

  constructor({ paths, now }: CatalogOptions) {
    this.#paths = paths;
    const accepts = (name: string): boolean => OWN.includes(name) || isRepository(name);
    this.#folders = new DirectoryCache({ accepts, mostBytes: MOST_BYTES, now });
  }

  async page(count: number, last: string | undefined): Promise<CatalogPage> {
    const names: string[] = [];
    for await (const name of this.#below('', last?.split('/'), ['_layers'])) {
      if (names.length === count) return { names, more: true };
      names.push(name);
    }
    return { names, more: false };
  }

  /** Yields every repository that has a folder, even if only for an upload: more than a page lists. */
  walk(): AsyncGenerator<string> {
    return this.#below('', undefined, OWN);
  }

  /**
   * `after`: the components of `last` below this folder; undefined if all of it follows `last`. `own`: the folders of
   * which one makes a repository.
   */
  async *#below(
    name: string,
    after: readonly string[] | undefined,
    own: readonly string[],
  ): AsyncGenerator<string> {
    const names = await this.#folders.list(`${this.#paths.repositories}/${name}`);
    if (names === undefined) return;
    if (after === undefined && isOne(name, names, own)) yield name;
    const prefix = name === '' ? '' : `${name}/`;
    const [head, ...rest] = after ?? [];
    let from = 0;
    if (head !== undefined) {
      from = indexAfter(names, head);
      if (names[from - 1] === head) yield* this.#below(prefix + head, rest, own);
    }
    for (const child of names.slice(from)) {
      if (!OWN.includes(child)) yield* this.#below(prefix + child, undefined, own);
    }
  }
}

function isOne(name: string, names: readonly string[], own: readonly string[]): boolean {
  return isRepository(name) && own.some((folder) => names.includes(folder));
}
