import { InvalidArgumentError, Option, type Command } from 'commander';
import { addConnectionOptions } from '../connection/connection-options.ts';
import { combineFilters, parseFilter, type Filter } from './filters.ts';
import { addPlatformOption, platformChoice, type SeeOptions } from './open-seen.ts';
import { TAG_SORTS, type TagQuery, type TagSort } from './tag-rows.ts';

export interface ListOptions extends SeeOptions {
  readonly filter?: readonly Filter[];
  readonly limit?: number;
  readonly sort?: TagSort;
  readonly all?: true;
  readonly quiet?: true;
  readonly trunc: boolean;
  /** Of `list` alone. */
  readonly tags?: true;
}

export const FILTER_DETAILS = `
A filter is a glob for the name, or one of tag=GLOB, repository=GLOB, platform=OS/ARCH, since=MOMENT, before=MOMENT,
label=NAME, label=NAME=GLOB. A moment is 2025-03-01, or 30d, 12h or 2w ago. Different filters must all hold, and one of
those of the same kind. SIZE is what a pull of one platform fetches: each layer once, and the config.`;

/** Adds the options of both lists. */
export function addListOptions(command: Command): Command {
  command
    .addOption(
      new Option('--filter <FILTER>', 'Show only what matches; may be repeated.').argParser(parseFilter),
    )
    .addOption(new Option('--limit <N>', 'Show this many at most.').argParser(parseCount))
    .addOption(
      new Option(
        '--sort <ORDER>',
        'version: the newest first. none: as the registry lists them. Default: version for tags, none for repositories.',
      ).choices(TAG_SORTS),
    )
    .option('--all', 'Show the tags of signatures, attestations and SBOMs too.')
    .option('-q, --quiet', 'Print names alone. Images are not asked for.')
    .option('--no-trunc', 'Print digests whole.')
    .option('--json', 'Print JSON.');
  return addConnectionOptions(addPlatformOption(command));
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number from 1 on.');
}

/** Returns what the options say of tags. */
export function tagQuery(options: ListOptions): TagQuery {
  return {
    filters: combineFilters(options.filter ?? []),
    sort: options.sort ?? 'version',
    limit: options.limit ?? Infinity,
    isAll: options.all === true,
    choice: platformChoice(options),
  };
}
