import { KIND } from './file-record.ts';
import { ROOT } from './file-table.ts';
import { NONE } from './node-columns.ts';
import type { FileIndex } from './file-index.ts';

/** Where a path leads, as far as the layers that were added can tell. */
type Resolved =
  | { readonly kind: 'found'; readonly node: number }
  /** No lower layer can change that. */
  | { readonly kind: 'missing' }
  | { readonly kind: 'loop' }
  /** A lower layer decides. */
  | { readonly kind: 'open' };

/** As Linux counts (path_resolution(7)). */
const MOST_LINKS = 40;

interface ResolveOptions {
  /** Whether a symbolic link at the end is followed too. */
  readonly followLast: boolean;
  /** Whether all layers have been added. */
  readonly isComplete: boolean;
}

interface Walk {
  /** Where it is, a directory except at the end. */
  node: number;
  /** The names to go, the next one last. */
  readonly waiting: string[];
  links: number;
}

/**
 * Follows a path, a byte string, as a process in a container would: symbolic links lead about in the image, `..` stops at
 * its root, and a slash at the end asks for a directory.
 */
export function resolvePath(index: FileIndex, path: string, options: ResolveOptions): Resolved {
  const walk: Walk = { node: ROOT, waiting: path.split('/').toReversed(), links: 0 };
  for (let part = walk.waiting.pop(); part !== undefined; part = walk.waiting.pop()) {
    const end = step(index, walk, part, options);
    if (end !== undefined) return end;
  }
  return { kind: 'found', node: walk.node };
}

/** Goes on by one name. Returns how the walk ends, if it does. */
function step(index: FileIndex, walk: Walk, part: string, options: ResolveOptions): Resolved | undefined {
  if (part === '' || part === '.') return undefined;
  const { table } = index;
  if (part === '..') {
    walk.node = Math.max(table.parentOf(walk.node), ROOT);
    return undefined;
  }
  const child = table.find(walk.node, part);
  if (child !== NONE && table.kindOf(child) !== KIND.none) return enter(index, walk, child, options);
  return options.isComplete || isClosed(index, walk.node) ? MISSING : OPEN;
}

function enter(
  { table }: FileIndex,
  walk: Walk,
  child: number,
  { followLast, isComplete }: ResolveOptions,
): Resolved | undefined {
  const kind = table.kindOf(child);
  const isLast = walk.waiting.length === 0;
  if (kind === KIND.symlink && (!isLast || followLast)) return follow(walk, table.record(child).link);
  if (kind === KIND.whiteout || (kind > KIND.directory && !isLast)) return MISSING;
  walk.node = child;
  return kind === KIND.link && !isComplete ? OPEN : undefined;
}

function follow(walk: Walk, link: string): Resolved | undefined {
  walk.links += 1;
  if (walk.links > MOST_LINKS) return { kind: 'loop' };
  for (const part of link.split('/').toReversed()) walk.waiting.push(part);
  if (link.startsWith('/')) walk.node = ROOT;
  return undefined;
}

const MISSING: Resolved = { kind: 'missing' };
const OPEN: Resolved = { kind: 'open' };

/** Whether no lower layer can add to a directory. */
function isClosed({ table, layer }: FileIndex, directory: number): boolean {
  for (let node = directory; node !== NONE; node = table.parentOf(node))
    if (table.hiddenBelow(node) <= layer) return true;
  return false;
}
