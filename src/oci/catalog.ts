/** One page of names, as a registry gives it. */
export interface CatalogPage {
  readonly names: readonly string[];
  /** Whether there are names after these. */
  readonly more: boolean;
}

/** Asks the registry for up to `n` names after `last`; from the start without it. */
export type CatalogSource = (n: number, last: string | undefined) => Promise<CatalogPage>;

export interface CatalogQuery {
  /** How many names are wanted, from 0. */
  readonly n: number;
  /** The name after which to go on; undefined for the start. */
  readonly last: string | undefined;
  readonly source: CatalogSource;
  readonly isVisible: (name: string) => boolean;
  /** How often the registry is asked at most, for one page. */
  readonly lookUps?: number;
}

/** A page of names that somebody may see. */
export interface VisiblePage {
  readonly names: readonly string[];
  /** After which name the next page begins; undefined where no name is left that may be seen. */
  readonly next: CatalogCursor | undefined;
}

export interface CatalogCursor {
  readonly after: string;
  /** Whether the name itself may not be seen, and so must not be written out (`concealName`). */
  readonly isHidden: boolean;
}

/** Names per page where none are asked for, and at most (distribution: `catalog.maxentries`). */
const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;
/** One look-up may go through a thousand names: this is 20,000 that may not be seen, in a row, for one answer. */
const DEFAULT_LOOK_UPS = 20;

/** The page size that a query asks for, as distribution reads it: absent, negative or no number is its default. */
export function pageSize(value: string | undefined): number {
  const n = value === undefined || value === '' ? DEFAULT_PAGE : Number(value);
  return Number.isInteger(n) && n >= 0 ? Math.min(n, LARGEST_PAGE) : DEFAULT_PAGE;
}

/**
 * Fills one page with names that may be seen. Looks one name further than the page, so that there is a next page where
 * there is something on it. Where the look-ups are used up the page may be short, even empty, and the next one goes on
 * from there. Rejects when the source does.
 */
export async function fillCatalogPage(query: CatalogQuery): Promise<VisiblePage> {
  const { n, source, isVisible, lookUps = DEFAULT_LOOK_UPS } = query;
  if (n <= 0) return { names: [], next: undefined };
  const names: string[] = [];
  let { last } = query;
  for (let round = 0; round < lookUps && names.length <= n; round += 1) {
    // Whoever sees little is looked for in large pages.
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

/** A registry that has more and does not go on would be asked for ever. */
function isLastPage({ names, more }: CatalogPage, last: string | undefined): boolean {
  const end = names.at(-1);
  return !more || end === undefined || end === last;
}

/** `Link` to the next page (RFC 8288), relative and with its keys in the order that distribution writes. `last` is a name or what stands for it. */
export function catalogLink(n: number, last: string): string {
  return `</v2/_catalog?last=${encodeURIComponent(last)}&n=${n}>; rel="next"`;
}
