import { parseImageName, type ImageName } from '../../../images/name/image-name.ts';
import type { Selection } from '../../../images/remove/select.ts';
import { AppError } from '../../../lib/errors.ts';
import type { ExitStatus } from '../../terminal/exit-status.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { ConnectionOptions } from '../connection/connection-options.ts';
import type { Connections } from '../connection/connections.ts';

export interface RemoveOptions extends ConnectionOptions {
  readonly match?: readonly string[];
  readonly except?: readonly string[];
  readonly keepLast?: number;
  /** In milliseconds. */
  readonly olderThan?: number;
  readonly untagged?: true;
  readonly keepReferrers?: true;
  readonly overwrite?: true;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** What the parts of `images remove` work with. */
export interface RemoveContext {
  readonly terminal: Terminal;
  readonly exit: ExitStatus;
  readonly connections: Connections;
  readonly signal: AbortSignal;
  readonly options: RemoveOptions;
  readonly selection: Selection | undefined;
}

/** What is asked of one repository. */
export interface Asked {
  readonly registry: string;
  readonly repository: string;
  /** Tags that are named. With a digest, the tag goes only if it names that. */
  readonly tags: readonly { readonly tag: string; readonly digest: string | undefined }[];
  readonly digests: readonly string[];
  /** Whether the options select what goes. */
  readonly isSelected: boolean;
}

/** Returns what the options select; undefined if they select nothing. Throws AppError USAGE. */
export function selectionOf(options: RemoveOptions): Selection | undefined {
  const { match = [], except = [], keepLast, olderThan, untagged } = options;
  const selects = match.length > 0 || keepLast !== undefined || olderThan !== undefined || untagged === true;
  if (selects) return { match, except, keepLast, olderThan, orphans: untagged === true };
  if (except.length > 0)
    throw new AppError('USAGE', {
      message: '--except alone selects nothing.',
      hint: `Say what goes: --match '*' --except 'v*'`,
    });
  return undefined;
}

/** Groups the arguments by repository. Throws AppError USAGE, IMAGE_NAME_INVALID. */
export function groupNames(
  names: readonly string[],
  selection: Selection | undefined,
  byDefault: string,
): readonly Asked[] {
  const images = names.map((text) => named(text, selection !== undefined, byDefault));
  const keyOf = ({ registry, repository }: ImageName): string => `${registry}/${repository}`;
  const isSelected = selection !== undefined;
  return [...Map.groupBy(images, keyOf).values()].flatMap((group): readonly Asked[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { registry, repository } = first;
    const tags = group.flatMap(({ tag, digest }) =>
      tag === undefined ? [] : [{ tag, digest: digest?.text }],
    );
    const digests = group.flatMap(({ tag, digest }) => (tag === undefined ? (digest?.text ?? []) : []));
    return [{ registry, repository, tags, digests, isSelected }];
  });
}

function named(text: string, isSelected: boolean, byDefault: string): ImageName {
  const image = parseImageName(text, byDefault);
  const isOne = image.tag !== undefined || image.digest !== undefined;
  if (isSelected && isOne) throw bothNamed(text);
  if (!isSelected && !isOne) throw nothingNamed(text);
  return image;
}

function bothNamed(text: string): AppError {
  return new AppError('USAGE', {
    message: `${JSON.stringify(text)} names an image, and the options select others.`,
    hint: 'Name the repository alone, or leave out --match, --except, --keep-last, --older-than and --untagged.',
  });
}

function nothingNamed(text: string): AppError {
  return new AppError('USAGE', {
    message: `${JSON.stringify(text)} names a repository, but not what to remove of it.`,
    hint: `A tag: registry-gate images remove ${text}:TAG\nOr select: registry-gate images remove ${text} --keep-last 10 --dry-run`,
  });
}
