import type { Registry } from '../../../images/store.ts';
import { holdTexts } from '../../../images/tags/hold-texts.ts';
import { compareTags } from '../../../images/tags/tag-order.ts';
import { isReferrerTag } from '../../../images/tags/referrer-tags.ts';
import { AppError } from '../../../lib/errors.ts';
import type { Column } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { tagQuery, type ListOptions } from './list-options.ts';
import { mapInOrder } from './map-in-order.ts';
import { printNames, printRows } from './print-rows.ts';
import { keep, take } from './tag-rows.ts';

const NAME: Column = { title: 'REPOSITORY', colour: 'cyan' };
const COUNTED: readonly Column[] = [NAME, { title: 'TAGS', align: 'right' }, { title: 'NEWEST' }];
const AT_ONCE = 8;

interface Counted {
  readonly repository: string;
  readonly tags: number;
  readonly newest: string | undefined;
}

/** Prints the repositories of a registry, those of a namespace if `prefix` is one, as they come. */
export async function printRepositories(
  registry: Registry,
  prefix: string,
  options: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const { isAll, limit } = tagQuery(options);
  const names = take(await listNames(registry, prefix, options), limit);
  const isJson = options.json === true;
  const { name } = registry;
  if (options.quiet === true) await printNames(names, terminal);
  else if (options.tags === true) {
    const counted = mapInOrder(names, AT_ONCE, (repository) => countTags(registry, repository, isAll));
    const cellsOf = ({ repository, tags, newest = '' }: Counted) => [repository, String(tags), newest];
    const jsonOf = (row: Counted) => ({ registry: name, ...row, newest: row.newest ?? null });
    await printRows(counted, { columns: COUNTED, cellsOf, jsonOf }, isJson, terminal);
  } else {
    const cellsOf = (repository: string) => [repository];
    const jsonOf = (repository: string) => ({ registry: name, repository });
    await printRows(names, { columns: [NAME], cellsOf, jsonOf }, isJson, terminal);
  }
}

async function listNames(
  registry: Registry,
  prefix: string,
  options: ListOptions,
): Promise<AsyncIterable<string>> {
  const { filters } = tagQuery(options);
  const { sort = 'none' } = options;
  if (sort !== 'none' && sort !== 'name') throw refuse(`Repositories can't be sorted by ${sort}.`);
  if (filters.needsImage)
    throw refuse('Repositories have no platform, date and label: these are of their images.');
  const isWanted = (name: string): boolean => name.startsWith(prefix) && filters.matchesName(name);
  const names = keep(registry.listRepositories(), isWanted);
  return sort === 'name' ? sorted(names) : names;
}

async function* sorted(names: AsyncIterable<string>): AsyncGenerator<string> {
  yield* (await holdTexts(names)).toSorted();
}

function refuse(message: string): AppError {
  return new AppError('USAGE', {
    message,
    hint: 'Name a repository for more than names: registry-gate images list registry.lan/team/app',
  });
}

async function countTags(registry: Registry, repository: string, isAll: boolean): Promise<Counted> {
  let tags = 0;
  let newest: string | undefined;
  for await (const tag of registry.repository(repository).listTags()) {
    if (!isAll && isReferrerTag(tag)) continue;
    tags += 1;
    if (newest === undefined || compareTags(tag, newest) < 0) newest = tag;
  }
  return { repository, tags, newest };
}
