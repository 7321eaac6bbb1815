/** The longest path of a file, in bytes. No system opens one of more than 4096. */
const LONGEST_PATH = 32 * 1024;

/** Why an entry of a layer is passed over. */
export type PathProblem = 'it leads out of the image' | 'it has a zero byte' | 'it is too long';

/**
 * Takes the path of an entry apart: `./etc//passwd` and `/etc/passwd` are both `etc`, `passwd`, and the root is an empty
 * list. `usr/../etc/passwd` is `etc`, `passwd` too, whatever `usr` is, as docker cleans it; it does not unpack what leads out.
 */
export function splitEntryPath(name: string): readonly string[] | PathProblem {
  if (name.length > LONGEST_PATH) return 'it is too long';
  if (name.includes('\0')) return 'it has a zero byte';
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    // Above the root is the root.
    else if (parts.pop() === undefined && !name.startsWith('/')) return 'it leads out of the image';
  }
  return parts;
}

/** What the name of an entry does to the layers below (image-spec: "Whiteouts"). */
export type Mark =
  | { readonly kind: 'file' }
  /** The file of this name is gone. */
  | { readonly kind: 'whiteout'; readonly name: string }
  /** What the layers below have in this directory is gone. */
  | { readonly kind: 'opaque' }
  /** A whiteout of no name, or of one that would remove the directory itself or the one above. */
  | { readonly kind: 'nothing' };

const WHITEOUT = '.wh.';
/** AUFS kept hard links in `.wh..wh.plnk`, and orphans in `.wh..wh.orph`: files that may be linked to, and are not shown. */
export const LEFTOVER = '.wh..wh.';

export function markOf(name: string): Mark {
  if (name === `${LEFTOVER}.opq`) return { kind: 'opaque' };
  if (!name.startsWith(WHITEOUT) || name.startsWith(LEFTOVER)) return { kind: 'file' };
  const removed = name.slice(WHITEOUT.length);
  return ['', '.', '..'].includes(removed) ? { kind: 'nothing' } : { kind: 'whiteout', name: removed };
}
