import type { FileRecord } from './file-record.ts';
import { NodeColumns, NONE } from './node-columns.ts';

/** A hard link whose file has not been met. */
export interface WaitingLink {
  /** In the table of files. NONE: an upper layer hides it. */
  readonly node: number;
  /** Its layer, counted from the top. */
  readonly layer: number;
  /** Its own entry. */
  readonly record: FileRecord;
  /** Links that were made of this one. */
  readonly followers: WaitingLink[];
  /** The file that it turned out to be. */
  resolved?: FileRecord;
}

/**
 * The links that wait, by the paths that they wait for. It also remembers which layers took these paths away, so that a
 * link of an upper layer does not get a file that was removed below it. All steps take a time that grows with the path
 * alone.
 */
export class WaitingLinks {
  readonly #mostBytes: number;
  #paths: NodeColumns | undefined;
  #links = new Map<number, WaitingLink[]>();
  /** Layers below which there is no file at a path, or nothing in the directory. */
  #noFile = new LayerMarks();
  #noneBelow = new LayerMarks();

  /** Adding to it throws AppError IMAGE_INVALID where the paths would take more than so many bytes. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get bytes(): number {
    return this.#paths?.bytes ?? 0;
  }

  beginLayer(): void {
    if (this.#links.size > 0) return;
    this.#paths = undefined;
    this.#noFile = new LayerMarks();
    this.#noneBelow = new LayerMarks();
  }

  add(path: readonly string[], link: WaitingLink): void {
    if (this.#paths === undefined) {
      this.#paths = new NodeColumns(this.#mostBytes);
      this.#paths.add(NONE, '');
    }
    let node = 0;
    for (const part of path) {
      const found = this.#paths.find(node, part);
      node = found === NONE ? this.#paths.add(node, part) : found;
    }
    const links = this.#links.get(node) ?? [];
    if (links.length === 0) this.#links.set(node, links);
    links.push(link);
  }

  /** Takes the links that get what a layer has at a path. Those for which it was removed in between are forgotten. */
  take(path: readonly string[], layer: number): WaitingLink[] {
    let removed = NONE;
    const node = this.#walk(path, (above) => {
      removed = Math.max(removed, this.#noneBelow.last(above, layer));
    });
    const links = this.#links.get(node);
    if (links === undefined) return [];
    this.#links.delete(node);
    removed = Math.max(removed, this.#noFile.last(node, layer));
    return links.filter((link) => link.layer >= removed);
  }

  /** A layer says what is at a path: lower layers have no file there, or nothing in it, or neither. */
  mark(path: readonly string[], layer: number, gone: 'file' | 'below' | 'both'): void {
    // What leads to it is a directory.
    const node = this.#walk(path, (above) => this.#noFile.set(above, layer));
    if (node === NONE) return;
    if (gone !== 'below') this.#noFile.set(node, layer);
    if (gone !== 'file') this.#noneBelow.set(node, layer);
  }

  /** Returns where a path is; NONE if no link waits for it, or for anything in it. */
  #walk(path: readonly string[], onAbove: (node: number) => void): number {
    if (this.#paths === undefined || this.#links.size === 0) return NONE;
    let node = 0;
    for (const part of path) {
      onAbove(node);
      node = this.#paths.find(node, part);
      if (node === NONE) break;
    }
    return node;
  }
}

/** The lowest layer that marked a node, and the one before, as marks of a layer are about those below alone. */
class LayerMarks {
  readonly #marks = new Map<number, readonly [layer: number, before: number]>();

  set(node: number, layer: number): void {
    const last = this.#marks.get(node)?.[0] ?? NONE;
    if (last !== layer) this.#marks.set(node, [layer, last]);
  }

  /** The last layer above `layer` that marked it, or NONE. */
  last(node: number, layer: number): number {
    const [last, before] = this.#marks.get(node) ?? [NONE, NONE];
    return last < layer ? last : before;
  }
}
