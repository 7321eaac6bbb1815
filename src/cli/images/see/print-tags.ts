import type { ImageSource } from '../../../images/store.ts';
import type { TagSummary } from '../../../images/view/summarize-tag.ts';
import { printable } from '../../../lib/printable.ts';
import { renderAge, renderSize } from '../../terminal/amounts.ts';
import type { Column } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { tagQuery, type ListOptions } from './list-options.ts';
import { printNames, printRows } from './print-rows.ts';
import { listNames, listSummaries, take } from './tag-rows.ts';

const COLUMNS: readonly Column[] = [
  { title: 'TAG', colour: 'cyan' },
  { title: 'DIGEST' },
  { title: 'SIZE', align: 'right' },
  { title: 'PLATFORMS', cut: true },
  { title: 'CREATED' },
];
/** Of a digest, as docker shows it. */
const SHORT = 12;

/** Prints the tags of a repository or an archive, as they come. */
export async function printTags(
  source: ImageSource,
  options: ListOptions,
  terminal: Terminal,
): Promise<void> {
  const query = tagQuery(options);
  const { sort, filters, limit } = query;
  if (options.quiet !== true) {
    const summaries = telling(listSummaries(source, query), terminal);
    const cellsOf = terminal.isOutTTY
      ? (summary: TagSummary) => cellsFor(summary, options.trunc)
      : plainCells;
    await printRows(summaries, { columns: COLUMNS, cellsOf, jsonOf }, options.json === true, terminal);
  } else if (filters.needsImage || sort === 'created' || sort === 'size')
    await printNames(tagsOf(listSummaries(source, query)), terminal);
  else await printNames(take(listNames(source, query), limit), terminal);
}

/** Says what could not be read. */
async function* telling(
  summaries: AsyncIterable<TagSummary>,
  terminal: Terminal,
): AsyncGenerator<TagSummary> {
  for await (const summary of summaries) {
    if (summary.problem !== undefined) terminal.err(`${summary.tag}: ${printable(summary.problem)}\n`);
    yield summary;
  }
}

async function* tagsOf(summaries: AsyncIterable<TagSummary>): AsyncGenerator<string> {
  for await (const { tag } of summaries) yield tag;
}

/** For people. */
function cellsFor(summary: TagSummary, isShort: boolean): readonly string[] {
  const { tag, digest = '', size, created } = summary;
  return [
    tag,
    isShort ? digest.slice(digest.indexOf(':') + 1).slice(0, SHORT) : digest,
    size === undefined ? '' : renderSize(size),
    kindOf(summary),
    created === undefined ? '' : renderAge(Date.parse(created), Date.now()),
  ];
}

/** For programs: bytes, moments and whole digests. */
function plainCells(summary: TagSummary): readonly string[] {
  const { tag, digest = '', size = '', created = '' } = summary;
  return [tag, digest, String(size), kindOf(summary), created];
}

function kindOf({ platforms, artifactType }: TagSummary): string {
  return platforms.length > 0 ? platforms.join(',') : (artifactType ?? '');
}

function jsonOf(summary: TagSummary): object {
  const { tag, digest, mediaType, artifactType, size, platforms, created, labels, problem } = summary;
  const known = { digest, mediaType, artifactType, size, created, problem };
  const nulled = Object.entries(known).map(([name, value]) => [name, value ?? null] as const);
  return { tag, ...Object.fromEntries(nulled), platforms, labels };
}
