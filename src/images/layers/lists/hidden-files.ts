import { markOf, splitEntryPath } from '../entry-path.ts';
import type { EntryHead } from '../tar/layer-reader.ts';

/** A file of a lower layer that is not in the image any more, though a pull fetches it. */
export interface HiddenFile {
  /** A byte string. */
  readonly name: string;
  /** Undefined for a directory that only paths of files name. */
  readonly entry: EntryHead | undefined;
  /** The layer that brought it, and the one that hid it; the lowest is 0. */
  readonly layer: number;
  readonly hiddenBy: number;
  readonly how: 'removed' | 'replaced';
}

/** Finds what layers, the lowest first, have in a directory that a later one removed or replaced (image-spec: "Whiteouts"). */
export function findHidden(
  layers: readonly Iterable<EntryHead>[],
  directory: readonly string[],
): readonly HiddenFile[] {
  const current = new Map<string, Pick<HiddenFile, 'entry' | 'layer'>>();
  const hidden: HiddenFile[] = [];
  const hide = (name: string, hiddenBy: number, how: HiddenFile['how']): void => {
    const before = current.get(name);
    if (before === undefined) return;
    current.delete(name);
    hidden.push({ name, ...before, hiddenBy, how });
  };
  layers.forEach((entries, layer) => {
    const found = lookAt(entries, directory);
    const removed = found.isEmptied ? [...current.keys()] : found.removed;
    for (const name of removed) hide(name, layer, 'removed');
    for (const [name, entry] of found.files) {
      const before = current.get(name);
      // A directory over a directory changes its mode, and hides nothing.
      if (before !== undefined && !(isDirectory(before.entry) && isDirectory(entry)))
        hide(name, layer, 'replaced');
      current.set(name, { entry, layer });
    }
  });
  return hidden;
}

function isDirectory(entry: EntryHead | undefined): boolean {
  return entry === undefined || entry.kind === 'directory';
}

/** What one layer does in a directory. */
interface Looked {
  /** Whether nothing of the layers below is left there. */
  isEmptied: boolean;
  readonly removed: Set<string>;
  readonly files: Map<string, EntryHead | undefined>;
}

function lookAt(entries: Iterable<EntryHead>, directory: readonly string[]): Looked {
  const looked: Looked = { isEmptied: false, removed: new Set(), files: new Map() };
  for (const entry of entries) {
    const parts = splitEntryPath(entry.name);
    if (typeof parts !== 'string' && parts.length > 0) place(looked, parts, entry, directory);
  }
  return looked;
}

function place(
  looked: Looked,
  parts: readonly string[],
  entry: EntryHead,
  directory: readonly string[],
): void {
  const above = parts.slice(0, -1);
  const last = parts.at(-1) ?? '';
  const mark = markOf(last);
  if (parts.length <= directory.length + 1 && isPrefix(above, directory)) {
    if (mark.kind === 'opaque') looked.isEmptied = true;
    else if (mark.kind === 'whiteout') placeWhiteout(looked, above, mark.name, directory);
    else if (mark.kind === 'file') placeFile(looked, parts, entry, directory);
    return;
  }
  const name = parts[directory.length];
  if (name === undefined || !isPrefix(directory, parts) || looked.files.has(name)) return;
  looked.files.set(name, undefined);
}

function placeWhiteout(
  looked: Looked,
  above: readonly string[],
  name: string,
  directory: readonly string[],
): void {
  if (above.length === directory.length) looked.removed.add(name);
  else if (directory[above.length] === name) looked.isEmptied = true;
}

function placeFile(
  looked: Looked,
  parts: readonly string[],
  entry: EntryHead,
  directory: readonly string[],
): void {
  if (parts.length > directory.length) looked.files.set(parts.at(-1) ?? '', entry);
  // Something else stands where the directory was, or where one above it was.
  else if (entry.kind !== 'directory' && isPrefix(parts, directory)) looked.isEmptied = true;
}

function isPrefix(parts: readonly string[], whole: readonly string[]): boolean {
  return parts.length <= whole.length && parts.every((part, at) => part === whole[at]);
}
