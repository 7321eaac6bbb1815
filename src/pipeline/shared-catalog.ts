import { bytesOfText } from '../lib/own-text.ts';
import { ShareLine } from '../lib/share-line.ts';
import type { Exchange } from '../observe/exchange.ts';
import type { CatalogPage, CatalogSource } from '../oci/catalog.ts';

interface SharedCatalogOptions {
  /** Pages of the registry, which walks its whole storage for each. */
  readonly source: CatalogSource;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Memory for pages, in bytes. */
  readonly maxBytes?: number;
}

/** Pages of the registry's catalog, shared by all clients whose catalog is filtered. */
export interface SharedCatalog {
  /** Up to `n` names after `last`. `asker` takes turns with others. Rejects as the source does, and with CatalogBusy. */
  page(n: number, last: string | undefined, asker: string): Promise<CatalogPage>;
  /** Notes the repository of a pushed manifest: pages that do not name it are out of date. */
  note(exchange: Pick<Exchange, 'request' | 'status'>): void;
}

/** Too many requests wait for the registry's catalog. */
export class CatalogBusy extends Error {
  constructor() {
    super('too many ask for the catalog at once');
    this.name = 'CatalogBusy';
  }
}

interface Kept extends CatalogPage {
  /** The name after which it begins. */
  readonly after: string | undefined;
  readonly endsAt: number;
  readonly bytes: number;
}

interface Job {
  readonly after: string | undefined;
  readonly settle: (page: Promise<Kept>) => void;
}

/** The largest page: a registry takes as long for fewer names. */
const PAGE = 1000;
const MAX_BYTES = 8 * 1024 * 1024;
const MOST_WAITING = 64;
const PAGE_BYTES = 200;
/** Bytes of an entry in a list of names. */
const NAME_BYTES = 8;
/** A page is valid this many times as long as it took: the registry spends a small part of its time on catalogs. */
const LIFE_FACTOR = 60;
const LONGEST_LIFE_MS = 30_000;
/** A whole catalog that comes within this time is not kept, and so is never out of date. */
const QUICK_MS = 100;

/**
 * Asks the registry for one page at a time, always a large one, and keeps each page for a while. A request waits for at
 * most one page of each other account.
 */
export function createSharedCatalog({
  source,
  now,
  maxBytes = MAX_BYTES,
}: SharedCatalogOptions): SharedCatalog {
  const pages = new PageMemory(maxBytes, now);
  const line = new ShareLine<Job>(MOST_WAITING);
  let isAsking = false;

  const askNext = (): void => {
    const job = isAsking ? undefined : line.shift();
    if (job === undefined) return;
    isAsking = true;
    const page = find(job.after);
    job.settle(page);
    page
      .catch(() => undefined)
      .finally(() => {
        isAsking = false;
        askNext();
      });
  };
  /** The page may have come while the job waited. */
  const find = async (after: string | undefined): Promise<Kept> => pages.find(after) ?? fetch(after);
  const fetch = async (after: string | undefined): Promise<Kept> => {
    const begun = now();
    const { names, more } = await source(PAGE, after);
    const life = lifeOf(now() - begun, after === undefined && !more);
    const page = { names, more, after, bytes: bytesOf(names), endsAt: now() + life };
    if (life > 0) pages.keep(page);
    return page;
  };
  const wait = (after: string | undefined, account: string): Promise<Kept> =>
    new Promise((resolve) => {
      const lost = line.push({ after, settle: resolve }, account);
      lost?.settle(Promise.reject(new CatalogBusy()));
      askNext();
    });

  return {
    page: async (n, last, account) => {
      const { names, more, after } = pages.find(last) ?? (await wait(last, account));
      const from = last === after || last === undefined ? 0 : names.indexOf(last) + 1;
      return { names: names.slice(from, from + n), more: more || names.length > from + n };
    },
    note: (exchange) => {
      const name = pushedRepository(exchange);
      if (name !== undefined) pages.noteRepository(name);
    },
  };
}

/** How long a page is valid that took `took` milliseconds. */
function lifeOf(took: number, isWhole: boolean): number {
  return isWhole && took < QUICK_MS ? 0 : Math.min(LONGEST_LIFE_MS, took * LIFE_FACTOR);
}

function bytesOf(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + NAME_BYTES + bytesOfText(name), PAGE_BYTES);
}

/** The repository of a manifest that was pushed; undefined for any other request. */
function pushedRepository({ request, status }: Pick<Exchange, 'request' | 'status'>): string | undefined {
  const isPushed = request?.method === 'PUT' && request.route.kind === 'manifest' && status === 201;
  return isPushed && 'repository' in request.route ? request.route.repository : undefined;
}

/** Pages in the order of arrival. */
class PageMemory {
  readonly #maxBytes: number;
  readonly #now: () => number;
  #pages: readonly Kept[] = [];

  constructor(maxBytes: number, now: () => number) {
    this.#maxBytes = maxBytes;
    this.#now = now;
  }

  /** The page that continues after this name. */
  find(last: string | undefined): Kept | undefined {
    const at = this.#now();
    return this.#pages.find(
      ({ after, endsAt, names, more }) =>
        endsAt > at && (after === last || (last !== undefined && isWithin(names, last, more))),
    );
  }

  keep(page: Kept): void {
    const at = this.#now();
    const others = this.#pages.filter(({ after, endsAt }) => endsAt > at && after !== page.after);
    let bytes = others.reduce((sum, other) => sum + other.bytes, page.bytes);
    while (bytes > this.#maxBytes && others.length > 0) bytes -= others.shift()?.bytes ?? 0;
    this.#pages = bytes > this.#maxBytes ? [] : [...others, page];
  }

  noteRepository(name: string): void {
    if (this.#pages.length > 0 && !this.#pages.some(({ names }) => names.includes(name))) this.#pages = [];
  }
}

/** Whether the page names what follows this name, or it is the last name of all. */
function isWithin(names: readonly string[], last: string, more: boolean): boolean {
  const at = names.indexOf(last);
  return at >= 0 && (!more || at < names.length - 1);
}
