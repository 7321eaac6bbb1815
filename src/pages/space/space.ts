import { isRepository } from '../../oci/request/route.ts';
import { inRepository, repositoryPath, withQuery } from '../request/page-address.ts';
import { renderStateNotice, stateOf } from '../repositories/list/list-states.ts';
import { PageError } from '../request/page-error.ts';
import type { PageAnswer, PageRequest, PageRoutes } from '../request/page-request.ts';
import type { createVisible, Visible } from '../request/visible.ts';
import { renderOverview, renderOneSpace } from './space-page.ts';
import type { GarbageState } from './garbage.ts';
import { SPACE_WORDS } from './words.ts';

export interface SpaceOptions {
  readonly see: ReturnType<typeof createVisible>;
  /** What a garbage collection would free. Asking begins a count, if the last one is old, and does not wait for it. */
  readonly garbage: () => GarbageState;
}

/** Rows of a page. */
const LIMIT = 100;

/** What repositories take, and what the tags of one take. */
export function spaceRoutes({ see, garbage }: SpaceOptions): Pick<PageRoutes, 'space'> {
  return {
    space: {
      get: (request) => {
        const visible = see(request);
        const repository = request.query.get('repository');
        if (repository !== '') return showRepository(request, visible, repository);
        // It is of the whole registry.
        const mayKnow = visible.all || request.isOwner;
        return showAll(request, visible, mayKnow ? garbage() : undefined);
      },
    },
  };
}

async function showAll(
  request: PageRequest,
  see: Pick<Visible, 'space' | 'status'>,
  garbage: GarbageState | undefined,
): Promise<PageAnswer> {
  const { language, query } = request;
  const after = query.get('after') || undefined;
  const [space, status] = await Promise.all([see.space({ after, limit: LIMIT }), see.status()]);
  const notice = renderStateNotice(stateOf(status), request);
  const rows = space.rows.map(({ name, size, alone }) => ({
    name,
    address: repositoryPath(name),
    inside: withQuery('/space', { repository: name }),
    size,
    alone,
  }));
  const { next, total } = space;
  const pages = { after, next, total, path: (to?: string) => withQuery('/space', { after: to }) };
  return {
    kind: 'page',
    title: SPACE_WORDS[language].title,
    body: renderOverview({ ...space, rows, pages, garbage, notice, now: Date.now(), language }),
  };
}

/** Throws PageError not-found. */
async function showRepository(
  { language, query }: PageRequest,
  see: Pick<Visible, 'inventory'>,
  repository: string,
): Promise<PageAnswer> {
  if (!isRepository(repository)) throw new PageError('not-found');
  const inventory = see.inventory(repository);
  if ((await inventory.repository(repository)) === undefined) throw new PageError('not-found');
  const after = query.get('after') || undefined;
  const space = await inventory.spaceOf(repository, { after, limit: LIMIT });
  const rows = space.rows.map(({ tag, total, alone }) => ({
    name: tag,
    address: inRepository(repository, 'image', tag),
    inside: undefined,
    size: total,
    alone,
  }));
  const { next, total } = space;
  const pages = { after, next, total, path: (to?: string) => withQuery('/space', { repository, after: to }) };
  return {
    kind: 'page',
    title: SPACE_WORDS[language].ofRepository(repository),
    body: renderOneSpace(repository, { ...space, rows, pages, now: Date.now(), language }),
  };
}
