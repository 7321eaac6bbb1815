import { AppError } from '../../lib/errors.ts';
import { splitEntryPath } from './entry-path.ts';
import { KIND, type FileRecord } from './file-record.ts';
import type { FileTable } from './file-table.ts';
import { NONE } from './node-columns.ts';

/** About what an entry of a map takes beside its path. */
const ENTRY_BYTES = 200;

/**
 * Finds the files that hard links were made of. A link is to a file of its own layer, which an upper layer may have
 * hidden or changed since: the link still is what it was. Some tools make links to files of lower layers.
 */
export class HardLinks {
  readonly #table: FileTable;
  readonly #mostBytes: number;
  /** Path -> a file of this layer that the table does not hold, since an upper layer has decided. */
  #hidden = new Map<string, FileRecord>();
  /** Path -> links to it of this layer or of one above, whose file has not been met. */
  readonly #open = new Map<string, number[]>();
  #bytes = 0;
  #openBytes = 0;

  constructor(table: FileTable, mostBytes: number) {
    this.#table = table;
    this.#mostBytes = mostBytes;
  }

  beginLayer(): void {
    this.#hidden = new Map();
    this.#bytes = this.#openBytes;
  }

  /** A link of this layer has been placed. */
  add(node: number, target: string): void {
    const parts = splitEntryPath(target);
    if (typeof parts === 'string') return;
    const path = parts.join('/');
    const record = this.#hidden.get(path) ?? this.#placed(parts, this.#table.layerOf(node));
    if (record !== undefined) {
      this.#resolve(node, record);
      return;
    }
    const links = this.#open.get(path) ?? [];
    if (links.length === 0) this.#open.set(path, links);
    links.push(node);
    this.#openBytes += ENTRY_BYTES + path.length;
    this.#count(ENTRY_BYTES + path.length);
  }

  /** An entry of this layer has come: it is in the table as `node`, or NONE if an upper layer hides it. */
  met(path: string, node: number, record: FileRecord): void {
    if (record.kind === KIND.directory) return;
    if (this.#open.size > 0 && record.kind !== KIND.link) this.#resolveAll(path, record);
    if (node !== NONE) return;
    this.#hidden.set(path, record);
    this.#count(ENTRY_BYTES + path.length);
  }

  #resolveAll(path: string, record: FileRecord): void {
    for (const link of this.#open.get(path) ?? []) this.#resolve(link, record);
    this.#open.delete(path);
  }

  #placed(parts: readonly string[], layer: number): FileRecord | undefined {
    let node = 0;
    for (const part of parts) node = node === NONE ? NONE : this.#table.find(node, part);
    if (node === NONE || this.#table.layerOf(node) !== layer) return undefined;
    const record = this.#table.record(node);
    return record.kind >= KIND.file && record.kind !== KIND.link && record.kind !== KIND.whiteout
      ? record
      : undefined;
  }

  /** The link is the same file as its target. What it was made of stays known. */
  #resolve(node: number, record: FileRecord): void {
    const { kind, link } = this.#table.record(node);
    if (kind !== KIND.link) return;
    this.#table.setRecord(node, record.kind === KIND.symlink ? record : { ...record, link });
  }

  #count(more: number): void {
    this.#bytes += more;
    if (this.#bytes <= this.#mostBytes) return;
    throw new AppError('IMAGE_INVALID', {
      message: 'The image has too many files that other layers hide to look them through.',
      hint: 'Look at one of its layers: registry-gate images files --layer 1 IMAGE',
    });
  }
}
