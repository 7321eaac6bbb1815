import type { UntaggedManifest } from '../../../inventory/inventory.ts';
import { inRepository, withQuery } from '../../request/page-address.ts';
import type { PageAnswer, RequestOf } from '../../request/page-request.ts';
import type { Visible } from '../../request/visible.ts';
import { readUntagged } from './read-untagged.ts';
import { renderUntagged } from './untagged-page.ts';
import { UNTAGGED_WORDS } from './words.ts';

/** Lists the manifests without a tag of a repository, the last ones first. Undefined where the registry does not list them. */
export type ListUntagged = ((repository: string) => Promise<readonly UntaggedManifest[]>) | undefined;

const AT_ONCE = 50;

/** The manifests of a repository that no tag names, with what keeps each. */
export async function showUntagged(
  { address: { repository }, query, language }: RequestOf<'untagged'>,
  see: Pick<Visible, 'repository' | 'inventory' | 'may'>,
  list: ListUntagged,
): Promise<PageAnswer> {
  const source = see.repository(repository);
  const inventory = see.inventory(repository);
  const all = list === undefined ? await inventory.untagged(repository) : await list(repository);
  const from = Math.max(0, Math.trunc(Number(query.get('after'))) || 0);
  const listed = all.slice(from, from + AT_ONCE);
  const { rows, taken, freed } = await readUntagged({ repository, source, inventory, listed });
  const end = from + taken;
  return {
    kind: 'page',
    title: UNTAGGED_WORDS[language].of(repository),
    body: renderUntagged({
      repository,
      rows,
      freed,
      place: {
        total: all.length,
        after: from === 0 ? undefined : String(from),
        next: end < all.length ? String(end) : undefined,
        path: (after) => withQuery(inRepository(repository, 'untagged'), { after }),
      },
      isEmbedded: list !== undefined,
      mayDelete: see.may('delete', repository),
      now: Date.now(),
      language,
    }),
  };
}
