import { invalidImage } from '../../model/descriptor.ts';
import { markOf, splitEntryPath } from '../entry-path.ts';
import type { EntryList } from './entry-list.ts';

/** A file of a lower layer that is not in the image any more, though a pull fetches it. */
export interface HiddenFile {
  /** A byte string. */
  readonly name: string;
  /** Its number in the list of its layer. Undefined for a directory that only paths of files name. */
  readonly entry: number | undefined;
  /** The layer that brought it, and the one that hid it; the lowest is 0. */
  readonly layer: number;
  readonly hiddenBy: number;
  readonly how: 'removed' | 'replaced';
}

/** The most names of a directory that are followed through the layers, and the most that are found to be hidden. */
const MOST_NAMES = 500_000;
const MOST_HIDDEN = 100_000;
/** In place of the number of an entry. */
const IMPLIED = -1;

/**
 * Finds what layers, the lowest first, have in a directory that a later one removed or replaced (image-spec: "Whiteouts").
 * Throws AppError IMAGE_INVALID where that is more than is held: 100,000 files, or 500,000 names.
 */
export function findHidden(
  layers: readonly EntryList[],
  directory: readonly string[],
): readonly HiddenFile[] {
  const current = new Map<string, Pick<HiddenFile, 'layer'> & { readonly entry: number }>();
  const hidden: HiddenFile[] = [];
  const hide = (name: string, hiddenBy: number, how: HiddenFile['how']): void => {
    const before = current.get(name);
    if (before === undefined) return;
    current.delete(name);
    const { layer, entry } = before;
    hidden.push({ name, layer, entry: entry === IMPLIED ? undefined : entry, hiddenBy, how });
    if (hidden.length > MOST_HIDDEN) throw tooMany(MOST_HIDDEN);
  };
  layers.forEach((entries, layer) => {
    const found = lookAt(entries, directory);
    const removed = found.isEmptied ? [...current.keys()] : found.removed;
    for (const name of removed) hide(name, layer, 'removed');
    for (const [name, entry] of found.files) {
      const before = current.get(name);
      // A directory over a directory changes its mode, and hides nothing.
      const isBoth =
        before !== undefined &&
        isDirectory(layers[before.layer], before.entry) &&
        isDirectory(entries, entry);
      if (!isBoth) hide(name, layer, 'replaced');
      current.set(name, { layer, entry });
    }
    if (current.size > MOST_NAMES) throw tooMany(MOST_NAMES);
  });
  return hidden;
}

function isDirectory(entries: EntryList | undefined, entry: number): boolean {
  return entry === IMPLIED || entries?.kindOf(entry) === 'directory';
}

function tooMany(most: number): Error {
  return invalidImage(
    `its layers have more than ${most} hidden files in this directory, which is more than is listed`,
  );
}

/** What one layer does in a directory. */
interface Looked {
  /** Whether nothing of the layers below is left there. */
  isEmptied: boolean;
  readonly removed: Set<string>;
  /** The numbers of the entries. */
  readonly files: Map<string, number>;
}

/** An entry, taken apart. */
interface Placed {
  readonly parts: readonly string[];
  readonly entry: number;
  readonly isDirectory: boolean;
}

function lookAt(entries: EntryList, directory: readonly string[]): Looked {
  const looked: Looked = { isEmptied: false, removed: new Set(), files: new Map() };
  for (let entry = 0; entry < entries.count; entry += 1) {
    const parts = splitEntryPath(entries.nameOf(entry));
    if (typeof parts === 'string' || parts.length === 0) continue;
    place(looked, { parts, entry, isDirectory: isDirectory(entries, entry) }, directory);
    if (looked.files.size + looked.removed.size > MOST_NAMES) throw tooMany(MOST_NAMES);
  }
  return looked;
}

function place(looked: Looked, placed: Placed, directory: readonly string[]): void {
  const { parts } = placed;
  const above = parts.slice(0, -1);
  const last = parts.at(-1) ?? '';
  const mark = markOf(last);
  if (parts.length <= directory.length + 1 && isPrefix(above, directory)) {
    if (mark.kind === 'opaque') looked.isEmptied = true;
    else if (mark.kind === 'whiteout') placeWhiteout(looked, above, mark.name, directory);
    else if (mark.kind === 'file') placeFile(looked, placed, directory);
    return;
  }
  const name = parts[directory.length];
  if (name === undefined || !isPrefix(directory, parts) || looked.files.has(name)) return;
  looked.files.set(name, IMPLIED);
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

function placeFile(looked: Looked, { parts, entry, ...placed }: Placed, directory: readonly string[]): void {
  if (parts.length > directory.length) looked.files.set(parts.at(-1) ?? '', entry);
  // Something else stands where the directory was, or where one above it was.
  else if (!placed.isDirectory && isPrefix(parts, directory)) looked.isEmptied = true;
}

function isPrefix(parts: readonly string[], whole: readonly string[]): boolean {
  return parts.length <= whole.length && parts.every((part, at) => part === whole[at]);
}
