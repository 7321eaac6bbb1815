import type { ImageSource } from '../../../images/store.ts';
import { hold, holdTexts } from '../../../images/tags/hold-texts.ts';
import { sortTags } from '../../../images/tags/tag-order.ts';
import type { PlatformChoice } from '../../../images/view/open-image.ts';
import { isReferrerTag } from '../../../images/tags/referrer-tags.ts';
import { summarizeTag, type TagSummary } from '../../../images/view/summarize-tag.ts';
import { bytesOfText } from '../../../lib/own-text.ts';
import type { Filters } from './filters.ts';
import { mapInOrder } from './map-in-order.ts';

export type TagSort = 'version' | 'name' | 'created' | 'size' | 'none';

export const TAG_SORTS: readonly TagSort[] = ['version', 'name', 'created', 'size', 'none'];

export interface TagQuery {
  readonly filters: Filters;
  readonly sort: TagSort;
  /** The most rows. */
  readonly limit: number;
  /** Whether tags of signatures and the like are listed too. */
  readonly isAll: boolean;
  readonly choice: PlatformChoice;
}

/** Images that are asked for at once. */
const AT_ONCE = 8;

/** Lists the names of tags, in an order that needs no more than the names. */
export async function* listNames(source: ImageSource, query: TagQuery): AsyncGenerator<string> {
  const names = wantedNames(source, query);
  if (query.sort === 'none') yield* names;
  else if (query.sort === 'name') yield* (await holdTexts(names)).toSorted();
  else yield* sortTags(await holdTexts(names));
}

async function* wantedNames(source: ImageSource, { filters, isAll }: TagQuery): AsyncGenerator<string> {
  for await (const tag of source.listTags()) {
    if ((isAll || !isReferrerTag(tag)) && filters.matchesName(tag)) yield tag;
  }
}

/** Lists tags with what stands behind them. Only `created` and `size` need all of them before the first is known. */
export async function* listSummaries(source: ImageSource, query: TagQuery): AsyncGenerator<TagSummary> {
  const { filters, sort, choice } = query;
  const all = mapInOrder(listNames(source, query), AT_ONCE, (tag) => summarizeTag(source, tag, choice));
  const wanted = keep(all, (summary) => !filters.needsImage || filters.matchesImage(summary));
  if (sort === 'created' || sort === 'size') yield* await sortSummaries(wanted, query);
  else yield* take(wanted, query.limit);
}

/** Yields the first items. */
export async function* take<T>(items: AsyncIterable<T>, most: number): AsyncGenerator<T> {
  let taken = 0;
  if (most <= 0) return;
  for await (const item of items) {
    yield item;
    taken += 1;
    if (taken >= most) return;
  }
}

/** Yields the items that pass. */
export async function* keep<T>(items: AsyncIterable<T>, test: (item: T) => boolean): AsyncGenerator<T> {
  for await (const item of items) if (test(item)) yield item;
}

/** The newest or the largest first. Labels, which are large, are not held. */
async function sortSummaries(
  summaries: AsyncIterable<TagSummary>,
  { sort, limit }: TagQuery,
): Promise<readonly TagSummary[]> {
  const held = await hold(withoutLabels(summaries), (summary) => bytesOfText(JSON.stringify(summary)));
  const amountOf = ({ created, size }: TagSummary): number =>
    sort === 'size' ? (size ?? -1) : created === undefined ? -Infinity : Date.parse(created) || 0;
  return held
    .toSorted((a, b) => (amountOf(a) === amountOf(b) ? 0 : amountOf(b) - amountOf(a)))
    .slice(0, limit);
}

async function* withoutLabels(summaries: AsyncIterable<TagSummary>): AsyncGenerator<TagSummary> {
  for await (const summary of summaries) yield { ...summary, labels: {} };
}
