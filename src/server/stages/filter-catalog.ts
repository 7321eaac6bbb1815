import { randomBytes } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { createNameFilter } from '../../policy/decide.ts';
import type { Policy } from '../../policy/policy.ts';
import { catalogLink, fillCatalogPage, pageSize } from '../../registry/catalog.ts';
import type { CatalogSource, VisiblePage } from '../../registry/catalog.ts';
import { concealName, revealName } from '../../registry/concealed-name.ts';
import { createProblem } from '../../registry/problem.ts';
import { answerProblem } from '../answer.ts';
import { contextOf } from '../context.ts';

export interface FilterCatalogOptions {
  readonly policy: () => Policy;
  /** Pages of the registry's whole catalog. Rejects where it gives none. */
  readonly catalog: CatalogSource;
  /** Told why the registry gave no page. */
  readonly onCatalogFailure: (error: unknown) => void;
}

const UNKNOWN_PAGE = createProblem(
  'PAGINATION_NUMBER_INVALID',
  'There is no such page. Begin again without last.',
);
const NO_CATALOG = createProblem('UNAVAILABLE', 'The registry behind this gate does not give its catalog.', {
  status: 502,
});

/**
 * `_catalog` names every repository there is: whoever may not see all of them gets a list made here, page by page, of
 * those that they may pull from. Whoever may see all gets the registry's own.
 */
export function filterCatalog({ policy, catalog, onCatalogFailure }: FilterCatalogOptions): RequestHandler {
  // A page that ends at a hidden name must go on from there without telling it; the key lives as long as the process.
  const key = randomBytes(32);

  return function filterCatalog(req, res, next) {
    const { request, identity, address } = contextOf(req);
    const isVisible =
      request?.route.kind === 'catalog' ? createNameFilter(policy(), identity, address) : undefined;
    if (request === undefined || isVisible === undefined) {
      next();
      return;
    }
    const n = pageSize(request.query.get('n'));
    const asked = request.query.get('last');
    const last = asked === undefined ? undefined : revealName(asked, key);
    if (asked !== undefined && last === undefined) {
      answerProblem(req, res, UNKNOWN_PAGE);
      return;
    }
    fillCatalogPage({ n, last, source: catalog, isVisible })
      .then((page) => sendPage(res, page, linkOf(page, n, key)))
      .catch((error: unknown) => {
        onCatalogFailure(error);
        answerProblem(req, res, NO_CATALOG);
      });
  };
}

function linkOf({ next }: VisiblePage, n: number, key: Buffer): Readonly<Record<string, string>> {
  if (next === undefined) return {};
  return { Link: catalogLink(n, next.isHidden ? concealName(next.after, key) : next.after) };
}

function sendPage(res: Response, { names }: VisiblePage, link: Readonly<Record<string, string>>): void {
  if (res.destroyed) return;
  const body = `${JSON.stringify({ repositories: names })}\n`;
  const isHead = res.req.method === 'HEAD';
  res.writeHead(200, {
    ...link,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    // Made for this asker alone.
    'Cache-Control': 'no-store',
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'X-Content-Type-Options': 'nosniff',
  });
  if (!isHead) contextOf(res.req).sent += Buffer.byteLength(body);
  res.end(isHead ? undefined : body);
}
