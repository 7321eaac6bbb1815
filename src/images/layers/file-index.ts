import type { EntryKind, EntryHead } from './tar/layer-reader.ts';
import { markOf, splitEntryPath, type Mark, type PathProblem } from './entry-path.ts';
import { FLAG, KIND, type FileKind, type FileRecord } from './file-record.ts';
import { FileTable, ROOT } from './file-table.ts';
import { NONE } from './node-columns.ts';
import { HardLinks } from './hard-links.ts';

export const KIND_OF: Readonly<Record<EntryKind, FileKind>> = {
  file: KIND.file,
  link: KIND.link,
  symlink: KIND.symlink,
  character: KIND.character,
  block: KIND.block,
  directory: KIND.directory,
  fifo: KIND.fifo,
};

/** The most layers of an image whose files are looked at. Docker and overlayfs stop at 128. */
export const MOST_LAYERS = 4096;

export type OnNote = (name: string, reason: PathProblem | 'it removes no file') => void;

/**
 * The files of an image, or of some of its layers (image-spec: "Layer Changesets"). Layers are added from the top down,
 * so that one need not fetch those below what one looks for. The entries of a layer may come in any order: a whiteout
 * is about the layers below alone. A directory that only the path of a file names takes the place of a file or link
 * that a lower layer has there, as on overlayfs.
 */
export class FileIndex {
  readonly table: FileTable;
  readonly #links: HardLinks;
  readonly #onNote: OnNote;
  /** The number of the layer that is being added, the topmost being 0. */
  #layer = -1;
  #entry = -1;

  constructor(mostBytes: number, onNote: OnNote) {
    this.table = new FileTable(mostBytes);
    this.#links = new HardLinks(this.table, mostBytes);
    this.#onNote = onNote;
  }

  /** The memory that it takes. */
  get bytes(): number {
    return this.table.bytes + this.#links.bytes;
  }

  /** The number of the layer that was added last. */
  get layer(): number {
    return this.#layer;
  }

  /** Begins with the next lower layer. */
  beginLayer(): void {
    this.#layer += 1;
    this.#entry = -1;
    this.#links.beginLayer();
  }

  /** Adds the next entry of the layer. Returns the number that records give it. */
  add(entry: EntryHead): number {
    this.#entry += 1;
    const parts = splitEntryPath(entry.name);
    if (typeof parts === 'string') this.#onNote(entry.name, parts);
    else this.#place(parts, entry);
    return this.#entry;
  }

  #place(parts: readonly string[], entry: EntryHead): void {
    const name = parts.at(-1);
    if (name === undefined) {
      const isFirst = this.table.kindOf(ROOT) === KIND.implied;
      if (isFirst && entry.kind === 'directory') this.table.setRecord(ROOT, this.#recordOf(entry));
      return;
    }
    const mark = markOf(name);
    if (mark.kind === 'file') this.#placeFile(parts, name, entry);
    else if (mark.kind === 'nothing') this.#onNote(entry.name, 'it removes no file');
    else this.#placeMark(parts, mark);
  }

  #placeFile(parts: readonly string[], name: string, entry: EntryHead): void {
    const record = this.#recordOf(entry);
    const parent = this.#descend(parts);
    const node = parent === NONE ? NONE : this.#put(parent, name, record);
    this.#links.met(parts, node, record);
  }

  #placeMark(parts: readonly string[], mark: Mark): void {
    const directory = parts.slice(0, -1);
    if (mark.kind === 'opaque') this.#links.emptied(directory);
    else if (mark.kind === 'whiteout') this.#links.removed([...directory, mark.name]);
    const parent = this.#descend(parts);
    if (parent === NONE) return;
    if (mark.kind === 'opaque') this.#makeOpaque(parent);
    else if (mark.kind === 'whiteout') this.#remove(parent, mark.name);
  }

  /** Returns the directory of a path, made where need be; NONE if an upper layer hides it. */
  #descend(parts: readonly string[]): number {
    let node = ROOT;
    for (let at = 0; at < parts.length - 1; at += 1) {
      if (this.table.hiddenBelow(node) < this.#layer) return NONE;
      const name = parts[at] ?? '';
      const child = this.#find(node, name, KIND.implied);
      node = child === NONE ? this.table.add(node, name, KIND.implied, this.#layer) : child;
      if (child !== NONE) this.#beDirectory(child);
    }
    return this.table.hiddenBelow(node) < this.#layer ? NONE : node;
  }

  /** A path leads through a node of this layer, which is a directory then, whatever was said of it before. */
  #beDirectory(node: number): void {
    const { table } = this;
    const kind = table.kindOf(node);
    if (kind === KIND.implied || kind === KIND.directory || table.layerOf(node) !== this.#layer) return;
    table.setRecord(node, { ...BLANK, kind: KIND.implied });
    table.setFlag(node, FLAG.sealed);
  }

  #put(parent: number, name: string, record: FileRecord): number {
    const { table } = this;
    const isDirectory = record.kind === KIND.directory;
    const found = this.#find(parent, name, record.kind);
    if (found !== NONE && table.layerOf(found) < this.#layer) {
      this.#putBelow(found, record);
      return NONE;
    }
    const node = found === NONE ? table.add(parent, name, record.kind, this.#layer) : found;
    if (found !== NONE && !isDirectory) table.dropChildren(node);
    if (found !== NONE && table.kindOf(node) === KIND.whiteout) table.setFlag(node, FLAG.replaced);
    table.setRecord(node, record);
    if (!isDirectory) table.hideBelow(node, this.#layer);
    return node;
  }

  /** An upper layer has decided what the node is. A directory may still lack its owner, mode and time. */
  #putBelow(node: number, record: FileRecord): void {
    const { table } = this;
    if (record.kind !== KIND.directory) {
      table.hideBelow(node, this.#layer);
      table.setFlag(node, FLAG.sealed);
    } else if (table.kindOf(node) === KIND.implied && !table.hasFlag(node, FLAG.sealed)) {
      table.setRecord(node, record);
    }
  }

  /** Returns the child of this name, or NONE. One that a later entry of its layer took away is there again. */
  #find(parent: number, name: string, kind: FileKind): number {
    const node = this.table.find(parent, name);
    if (node !== NONE && this.table.kindOf(node) === KIND.none) this.table.putBack(node, { ...BLANK, kind });
    return node;
  }

  #makeOpaque(node: number): void {
    this.table.hideBelow(node, this.#layer);
    this.table.setFlag(node, FLAG.opaque);
  }

  #remove(parent: number, name: string): void {
    const { table } = this;
    const found = this.#find(parent, name, KIND.whiteout);
    const node = found === NONE ? table.add(parent, name, KIND.whiteout, this.#layer) : found;
    table.hideBelow(node, this.#layer);
    if (found === NONE) return;
    table.setFlag(node, FLAG.sealed);
    if (table.layerOf(node) === this.#layer) table.setFlag(node, FLAG.replaced);
  }

  #recordOf(entry: EntryHead): FileRecord {
    const { kind, mode, major, minor, size, mtime, link } = entry;
    const isDevice = kind === 'character' || kind === 'block';
    return {
      kind: KIND_OF[kind],
      mode,
      uid: wholeNumber(entry.uid),
      gid: wholeNumber(entry.gid),
      size: isDevice ? wholeNumber(major) * 2 ** 32 + wholeNumber(minor) : size,
      mtime: Number.isSafeInteger(mtime) ? mtime : 0,
      link: kind === 'symlink' || kind === 'link' ? link : '',
      contentLayer: kind === 'file' ? this.#layer : NONE,
      entry: this.#entry,
    };
  }
}

const BLANK: FileRecord = {
  kind: KIND.none,
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  link: '',
  contentLayer: NONE,
  entry: NONE,
};

function wholeNumber(value: number): number {
  return value >= 0 && value <= 0xffffffff ? Math.floor(value) : 0;
}
