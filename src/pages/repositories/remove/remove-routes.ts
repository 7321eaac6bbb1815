import { randomUUID } from 'node:crypto';
import { executeRemoval, type StepResult } from '../../../images/remove/execute.ts';
import { removeTagByOverwriting } from '../../../images/remove/overwrite-tag.ts';
import type { Repository } from '../../../images/store.ts';
import { AppError } from '../../../lib/errors.ts';
import { parseDigest } from '../../../oci/digest.ts';
import { inRepository, repositoryPath, withQuery } from '../../request/page-address.ts';
import { PageError } from '../../request/page-error.ts';
import type { PageAnswer, PageRequest, PageRoutes, RequestOf } from '../../request/page-request.ts';
import type { createVisible, Visible } from '../../request/visible.ts';
import { fingerprint, parseRemovalWish, prepareWish, type Removal, type RemovalWish } from './prepare.ts';
import { renderResults } from './results-page.ts';
import { renderSummary } from './summary-page.ts';
import { summarize } from './summary.ts';
import { Turns } from './turns.ts';
import { REMOVE_WORDS } from './words.ts';

export interface RemoveOptions {
  readonly see: ReturnType<typeof createVisible>;
  /** Whether the registry is the one inside the gate, which removes tags alone. */
  readonly isEmbedded: boolean;
}

/** The summary of what goes, and its form, which has it done. */
export function removeRoutes({ see, isEmbedded }: RemoveOptions): Pick<PageRoutes, 'remove'> {
  // Both read a whole repository.
  const turns = new Turns();
  const inTurn = (request: RequestOf<'remove'>, task: () => Promise<PageAnswer>): Promise<PageAnswer> => {
    const answer = turns.take(request.address.repository, () => saying(request, task));
    if (answer === undefined) throw new PageError('bad-input', REMOVE_WORDS[request.language].busy);
    return answer;
  };
  return {
    remove: {
      get: (request) => {
        const { repository } = request.address;
        const wish = wishOf(request, request.query, see(request));
        if (request.query.get('do') === 'compare') return toCompare(repository, wish);
        return inTurn(request, async () => {
          const removal = await prepareWish(see(request).repository(repository), wish, isEmbedded);
          return answerSummary(request, removal, see(request), false);
        });
      },
      post: (request) => {
        const visible = see(request);
        const wish = wishOf(request, request.form, visible);
        return inTurn(request, () => remove(request, visible, { wish, isEmbedded }));
      },
    },
  };
}

/** Says what is wrong with a repository that can't be planned with: the registry answers. */
async function saying(
  { language }: Pick<PageRequest, 'language'>,
  task: () => Promise<PageAnswer>,
): Promise<PageAnswer> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'IMAGE_INVALID') throw error;
    const detail = REMOVE_WORDS[language].unplanned(error.message);
    throw new PageError('bad-input', detail, { cause: error });
  }
}

/** Throws PageError where the principal may not delete, or names no tag. */
function wishOf(
  { address: { repository }, language }: RequestOf<'remove'>,
  fields: PageRequest['query'],
  see: Pick<Visible, 'require'>,
): RemovalWish {
  see.require('delete', repository);
  const wish = parseRemovalWish(fields);
  if (wish.shared === 'overwrite') see.require('push', repository);
  if (wish.tags.size === 0 && wish.digests.length === 0)
    throw new PageError('bad-input', REMOVE_WORDS[language].noTags);
  return wish;
}

/** The same form asks for a comparison: without script, it can't name the two tags otherwise. The older stands below. */
function toCompare(repository: string, { tags }: RemovalWish): PageAnswer {
  const [b = '', a = b] = tags;
  return { kind: 'redirect', to: withQuery(inRepository(repository, 'compare'), { a, b }) };
}

function answerSummary(
  request: RequestOf<'remove'>,
  removal: Removal,
  see: Pick<Visible, 'may'>,
  hasChanged: boolean,
): PageAnswer {
  const { repository } = request.address;
  return {
    kind: 'page',
    title: REMOVE_WORDS[request.language].of(repository),
    body: renderSummary(request, {
      repository,
      removal,
      summary: summarize(removal),
      mayPush: see.may('push', repository),
      hasChanged,
    }),
  };
}

async function remove(
  request: RequestOf<'remove'>,
  see: Visible,
  { wish, isEmbedded }: { readonly wish: RemovalWish; readonly isEmbedded: boolean },
): Promise<PageAnswer> {
  const { repository } = request.address;
  const removal = await prepareWish(see.repository(repository), wish, isEmbedded);
  // What is done is what was read, or nothing.
  if (fingerprint(removal) !== request.form.get('plan')) return answerSummary(request, removal, see, true);
  const overwrites = wish.shared === 'overwrite' && !removal.abilities.untags;
  const target = see.removable(repository, overwrites ? withOverwriting : undefined);
  const results = await executeRemoval(target, removal);
  await see.inventory(repository).refresh(repository);
  return answerResults(request, results, isEmbedded);
}

/** The same repository, where the registry removes no tag alone. */
function withOverwriting(repository: Repository): Repository {
  return {
    ...repository,
    deleteManifest: async (reference) =>
      parseDigest(reference) === undefined
        ? removeTagByOverwriting(repository, reference, randomUUID)
        : repository.deleteManifest(reference),
  };
}

function answerResults(
  request: RequestOf<'remove'>,
  results: readonly StepResult[],
  isEmbedded: boolean,
): PageAnswer {
  const { repository } = request.address;
  return {
    kind: 'page',
    title: REMOVE_WORDS[request.language].of(repository),
    body: renderResults(request.language, {
      repository,
      results,
      isEmbedded,
      back: repositoryPath(repository),
    }),
  };
}
