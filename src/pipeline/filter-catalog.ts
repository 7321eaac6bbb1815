import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { createNameFilter } from '../auth/policy/decide.ts';
import { chargedOf } from '../auth/principal.ts';
import type { Policy } from '../auth/policy/policy.ts';
import { catalogLink, fillCatalogPage, pageSize } from '../oci/catalog.ts';
import type { CatalogSource, VisiblePage } from '../oci/catalog.ts';
import { concealName, revealName } from '../oci/concealed-name.ts';
import { createProblem } from '../oci/problem.ts';
import { respond } from '../oci/respond.ts';
import { answerProblem } from '../http/answer.ts';
import { CatalogBusy, type SharedCatalog } from './shared-catalog.ts';
import type { RequestContext } from '../http/context.ts';
import type { Stage } from './stage.ts';

export interface FilterCatalogOptions {
  readonly policy: () => Policy;
  /** Pages of the registry's whole catalog. Rejects where the registry gives none. */
  readonly catalog: Pick<SharedCatalog, 'page'>;
  /** Called with the reason why the registry gave no page. */
  readonly onCatalogFailure: (error: unknown) => void;
}

const UNKNOWN_PAGE = createProblem(
  'PAGINATION_NUMBER_INVALID',
  'There is no such page. Begin again without last.',
);
const NO_CATALOG = createProblem('UNAVAILABLE', 'The registry behind this gate does not give its catalog.', {
  status: 502,
});

const BUSY = createProblem(
  'TOOMANYREQUESTS',
  'Too many ask for the catalog at once. Try again in a moment.',
  {
    headers: { 'Retry-After': '5' },
  },
);

/**
 * Answers `_catalog` with the repositories that the principal may pull from, page by page. A principal that may pull from
 * all of them gets the registry's own answer.
 */
export function filterCatalog({ policy, catalog, onCatalogFailure }: FilterCatalogOptions): Stage {
  // The link to the next page must not reveal a hidden name. The key lives as long as the process.
  const key = randomBytes(32);

  return function filterCatalog(context) {
    const { req, res, request, principal, address } = context;
    if (request === undefined) return true;
    const isVisible = createNameFilter(policy(), principal, address);
    if (isVisible === undefined) return true;
    const n = pageSize(request.query.get('n'));
    const asked = request.query.get('last');
    const last = asked === undefined ? undefined : revealName(asked, key);
    if (asked !== undefined && last === undefined) {
      answerProblem(req, res, UNKNOWN_PAGE);
      return false;
    }
    const account = chargedOf(principal);
    const source: CatalogSource = async (size, after) => {
      const page = await catalog.page(size, after, account);
      // A thousand names take a few milliseconds to check: other requests run between two pages.
      await setImmediate();
      return page;
    };
    return fillCatalogPage({ n, last, source, isVisible })
      .then((page) => sendPage(context, page, linkOf(page, n, key)))
      .catch((error: unknown) => {
        if (!(error instanceof CatalogBusy)) onCatalogFailure(error);
        answerProblem(req, res, error instanceof CatalogBusy ? BUSY : NO_CATALOG);
      })
      .then(() => false);
  };
}

function linkOf({ next }: VisiblePage, n: number, key: Buffer): Readonly<Record<string, string>> {
  if (next === undefined) return {};
  return { Link: catalogLink(n, next.isHidden ? concealName(next.after, key) : next.after) };
}

function sendPage(
  context: RequestContext,
  { names }: VisiblePage,
  link: Readonly<Record<string, string>>,
): void {
  const { res } = context;
  if (res.destroyed) return;
  context.sent += respond(res, {
    status: 200,
    headers: link,
    type: 'application/json; charset=utf-8',
    body: `${JSON.stringify({ repositories: names })}\n`,
    isRegistry: true,
  });
}
