import { KIND, KINDS, type FileKind, type FileRecord } from './file-record.ts';
import { FIELD, NodeColumns, NONE } from './node-columns.ts';

export const ROOT = 0;
/** No layer hides what is below. */
const OPEN = 0xffff;
/** Of a directory that only a path names. */
const USUAL_MODE = 0o755;

/**
 * A tree of files in a few arrays: about 90 bytes and the name for each, where objects would take 400. Nodes are
 * numbers; 0 is the root.
 */
export class FileTable {
  readonly #columns: NodeColumns;

  /** Adding to it throws AppError IMAGE_INVALID where it would take more than so many bytes. */
  constructor(mostBytes: number) {
    this.#columns = new NodeColumns(mostBytes);
    this.add(NONE, '', KIND.implied, 0);
  }

  get bytes(): number {
    return this.#columns.bytes;
  }

  /** Returns the child of this name, or NONE. */
  find(parent: number, name: string): number {
    return this.#columns.find(parent, name);
  }

  /** Adds a child that there is not yet. */
  add(parent: number, name: string, kind: FileKind, layer: number): number {
    const node = this.#columns.add(parent, name);
    this.#columns.set(node, FIELD.state, kind | (USUAL_MODE << 8));
    this.#columns.set(node, FIELD.layers, layer | (OPEN << 16));
    this.#columns.set(node, FIELD.contentLayer, NONE);
    return node;
  }

  parentOf(node: number): number {
    return this.#columns.get(node, FIELD.parent);
  }

  nameOf(node: number): string {
    return this.#columns.nameOf(node);
  }

  kindOf(node: number): FileKind {
    return KINDS[this.#columns.get(node, FIELD.state) & 0xff] ?? KIND.none;
  }

  isDirectory(node: number): boolean {
    return this.kindOf(node) <= KIND.directory;
  }

  #setKind(node: number, kind: FileKind): void {
    this.#columns.set(node, FIELD.state, (this.#columns.get(node, FIELD.state) & ~0xff) | kind);
  }

  hasFlag(node: number, flag: number): boolean {
    return ((this.#columns.get(node, FIELD.state) >> 24) & flag) !== 0;
  }

  setFlag(node: number, flag: number): void {
    this.#columns.set(node, FIELD.state, this.#columns.get(node, FIELD.state) | (flag << 24));
  }

  /** The layer that decided what the node is, counted from the top. */
  layerOf(node: number): number {
    return this.#columns.get(node, FIELD.layers) & 0xffff;
  }

  /** What the layers below this one have in the directory is hidden. */
  hiddenBelow(node: number): number {
    return this.#columns.get(node, FIELD.layers) >>> 16;
  }

  hideBelow(node: number, layer: number): void {
    if (layer < this.hiddenBelow(node))
      this.#columns.set(node, FIELD.layers, (this.#columns.get(node, FIELD.layers) & 0xffff) | (layer << 16));
  }

  record(node: number): FileRecord {
    const columns = this.#columns;
    const state = columns.get(node, FIELD.state);
    return {
      kind: this.kindOf(node),
      mode: (state >> 8) & 0o7777,
      uid: columns.get(node, FIELD.uid) >>> 0,
      gid: columns.get(node, FIELD.gid) >>> 0,
      size: columns.float(node, 0),
      mtime: columns.float(node, 1),
      link: columns.names.text(columns.get(node, FIELD.linkAt), columns.get(node, FIELD.linkLength)),
      contentLayer: columns.get(node, FIELD.contentLayer),
      entry: columns.get(node, FIELD.entry),
    };
  }

  setRecord(node: number, record: FileRecord): void {
    const columns = this.#columns;
    const flags = columns.get(node, FIELD.state) & ~0xffffff;
    columns.set(node, FIELD.state, flags | record.kind | ((record.mode & 0o7777) << 8));
    columns.set(node, FIELD.uid, record.uid);
    columns.set(node, FIELD.gid, record.gid);
    columns.set(node, FIELD.linkAt, record.link === '' ? 0 : columns.names.add(record.link));
    columns.set(node, FIELD.linkLength, record.link.length);
    columns.set(node, FIELD.contentLayer, record.contentLayer);
    columns.set(node, FIELD.entry, record.entry);
    columns.setFloat(node, 0, record.size);
    columns.setFloat(node, 1, record.mtime);
  }

  /** Takes away all that is in a directory: nodes that are still found by name, of KIND.none. */
  dropChildren(node: number): void {
    const parents = [node];
    for (let parent = parents.pop(); parent !== undefined; parent = parents.pop()) {
      for (const child of this.#childrenOf(parent)) {
        this.#setKind(child, KIND.none);
        parents.push(child);
      }
      // Else each further one would go through them again.
      this.#columns.set(parent, FIELD.firstChild, NONE);
    }
  }

  /** Puts a dropped node back among the children of its parent, with what is known of it now. */
  putBack(node: number, record: FileRecord): void {
    const parent = this.parentOf(node);
    this.#columns.set(node, FIELD.nextSibling, this.#columns.get(parent, FIELD.firstChild));
    this.#columns.set(parent, FIELD.firstChild, node);
    this.setRecord(node, record);
  }

  /** The last one first. */
  *#childrenOf(node: number): Generator<number> {
    for (let child = this.#columns.get(node, FIELD.firstChild); child !== NONE;) {
      yield child;
      child = this.#columns.get(child, FIELD.nextSibling);
    }
  }

  /** The children in the order of their bytes. */
  sortedChildren(node: number): readonly number[] {
    const columns = this.#columns;
    const nameOf = (child: number): readonly [number, number] => [
      columns.get(child, FIELD.nameAt),
      columns.get(child, FIELD.nameLength),
    ];
    return [...this.#childrenOf(node)].toSorted((a, b) => columns.names.compare(nameOf(a), nameOf(b)));
  }
}
