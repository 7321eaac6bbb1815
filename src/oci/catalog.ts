/** One page of names that a registry returns. */
export interface CatalogPage {
  readonly names: readonly string[];
  /** Whether there are names after these. */
  readonly more: boolean;
}

/** Requests up to `n` names after `last` from the registry; from the start without it. */
export type CatalogSource = (n: number, last: string | undefined) => Promise<CatalogPage>;

interface CatalogQuery {
  /** How many names are requested, from 0. */
  readonly n: number;
  /** The name after which to continue; undefined for the start. */
  readonly last: string | undefined;
  readonly source: CatalogSource;
  readonly isVisible: (name: string) => boolean;
  /** The most requests to the registry for one page. */
  readonly lookUps?: number;
}

/** A page of names that the client may see. */
export interface VisiblePage {
  readonly names: readonly string[];
  /** Where the next page begins; undefined if no visible name is left. */
  readonly next: CatalogCursor | undefined;
}

interface CatalogCursor {
  readonly after: string;
  /** Whether the client may not see the name, so that it must be concealed (`concealName`). */
  readonly isHidden: boolean;
}

/** Names per page by default, and at most (distribution: `catalog.maxentries`). */
const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;
/** One look-up may return a thousand names, so this covers 20,000 hidden names in a row for one answer. */
const DEFAULT_LOOK_UPS = 20;

/** Returns the page size of a query as distribution reads it: absent, negative or malformed means the default. */
export function pageSize(value: string | undefined): number {
  const n = value === undefined || value === '' ? DEFAULT_PAGE : Number(value);
  return Number.isInteger(n) && n >= 0 ? Math.min(n, LARGEST_PAGE) : DEFAULT_PAGE;
}

/**
 * Fills one page with visible names. It looks one name beyond the page, so that a next page is never empty. If the
 * look-ups are used up the page may be short or empty, and the next one continues there. Rejects if the source does.
 */
export async function fillCatalogPage(query: CatalogQuery): Promise<VisiblePage> {
  const { n, source, isVisible, lookUps = DEFAULT_LOOK_UPS } = query;
  if (n <= 0) return { names: [], next: undefined };
  const names: string[] = [];
  let { last } = query;
  for (let round = 0; round < lookUps && names.length <= n; round += 1) {
    // For clients that see few names, large pages take fewer look-ups.
    const size = round === 0 ? Math.max(n + 1, DEFAULT_PAGE) : LARGEST_PAGE;
    const page = await source(Math.min(LARGEST_PAGE, size), last);
    names.push(...page.names.filter(isVisible));
    if (isLastPage(page, last) && names.length <= n) return { names, next: undefined };
    last = page.names.at(-1);
  }
  const after = names.length >= n ? names[n - 1] : last;
  const next = after === undefined ? undefined : { after, isHidden: !isVisible(after) };
  return { names: names.slice(0, n), next };
}

/** Also ends at a registry that says it has more names but returns no later ones. */
function isLastPage({ names, more }: CatalogPage, last: string | undefined): boolean {
  const end = names.at(-1);
  return !more || end === undefined || end === last;
}

/**
 * Returns `Link` to the next page (RFC 8288), relative and with its keys in distribution's order. `last` is a name or a
 * concealed one.
 */
export function catalogLink(n: number, last: string): string {
  return `</v2/_catalog?last=${encodeURIComponent(last)}&n=${n}>; rel="next"`;
}
