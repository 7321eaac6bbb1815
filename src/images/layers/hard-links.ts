import { AppError } from '../../lib/errors.ts';
import { splitEntryPath } from './entry-path.ts';
import { KIND, type FileRecord } from './file-record.ts';
import type { FileTable } from './file-table.ts';
import { NONE } from './node-columns.ts';
import { WaitingLinks, type WaitingLink } from './waiting-links.ts';

/** About what an entry of a map takes beside its path. */
const ENTRY_BYTES = 200;
/** About what a waiting link takes beside its path. */
const WAITING_BYTES = 600;

/**
 * Finds the files that hard links were made of. A link is to a file of its own layer, which an upper layer may have
 * hidden or changed since: the link still is what it was. Some tools make links to files of lower layers.
 */
export class HardLinks {
  readonly #table: FileTable;
  readonly #mostBytes: number;
  readonly #waiting: WaitingLinks;
  #layer = -1;
  /** Path -> a file of this layer that the table does not hold, since an upper layer has decided. */
  #hidden = new Map<string, FileRecord>();
  /** Path -> a link of this layer that had to wait. */
  #late = new Map<string, WaitingLink>();
  #bytes = 0;
  #waitingBytes = 0;

  constructor(table: FileTable, mostBytes: number) {
    this.#table = table;
    this.#mostBytes = mostBytes;
    this.#waiting = new WaitingLinks(mostBytes);
  }

  /** What is remembered of the links, in bytes. */
  get bytes(): number {
    return this.#bytes + this.#waiting.bytes;
  }

  beginLayer(): void {
    this.#layer += 1;
    this.#hidden = new Map();
    this.#late = new Map();
    this.#bytes = this.#waitingBytes;
    this.#waiting.beginLayer();
  }

  /** This layer removes a path. */
  removed(parts: readonly string[]): void {
    this.#waiting.mark(parts, this.#layer, 'both');
  }

  /** This layer hides what lower layers have in a directory. */
  emptied(parts: readonly string[]): void {
    this.#waiting.mark(parts, this.#layer, 'below');
  }

  /** An entry of this layer has come: it is in the table as `node`, or NONE if an upper layer hides it. */
  met(parts: readonly string[], node: number, record: FileRecord): void {
    const path = parts.join('/');
    this.#hidden.delete(path);
    this.#late.delete(path);
    if (record.kind === KIND.directory) {
      this.#waiting.mark(parts, this.#layer, 'file');
      return;
    }
    const followers = this.#waiting.take(parts, this.#layer);
    this.#waiting.mark(parts, this.#layer, 'below');
    if (record.kind === KIND.link) {
      this.#metLink(path, { node, layer: this.#layer, record, followers });
      return;
    }
    resolveAll(this.#table, followers, record);
    if (node === NONE) this.#hide(path, record);
  }

  #metLink(path: string, link: WaitingLink): void {
    const target = splitEntryPath(link.record.link);
    // One that leads out stays without a file.
    const isOut = typeof target === 'string';
    const file = isOut ? undefined : this.#known(target);
    if (file !== undefined) {
      resolveAll(this.#table, [link], file);
      if (link.node === NONE) this.#hide(path, asLink(link, file));
      return;
    }
    this.#late.set(path, link);
    this.#waitingBytes += WAITING_BYTES + path.length + link.record.link.length;
    this.#count(WAITING_BYTES + path.length + link.record.link.length);
    if (isOut) return;
    const other = this.#late.get(target.join('/'));
    if (other === undefined) this.#waiting.add(target, link);
    else other.followers.push(link);
  }

  #hide(path: string, record: FileRecord): void {
    this.#hidden.set(path, record);
    this.#count(ENTRY_BYTES + path.length);
  }

  /** What this layer has at a path, so far. */
  #known(parts: readonly string[]): FileRecord | undefined {
    const path = parts.join('/');
    return this.#late.get(path)?.resolved ?? this.#hidden.get(path) ?? this.#placed(parts);
  }

  #placed(parts: readonly string[]): FileRecord | undefined {
    let node = 0;
    for (const part of parts) node = node === NONE ? NONE : this.#table.find(node, part);
    if (node === NONE || this.#table.layerOf(node) !== this.#layer) return undefined;
    const record = this.#table.record(node);
    return record.kind >= KIND.file && record.kind !== KIND.link && record.kind !== KIND.whiteout
      ? record
      : undefined;
  }

  #count(more: number): void {
    this.#bytes += more;
    if (this.bytes <= this.#mostBytes) return;
    throw new AppError('IMAGE_INVALID', {
      message: 'The image has too many files that other layers hide to look them through.',
      hint: 'Look at one of its layers: registry-gate images files --layer 1 IMAGE',
    });
  }
}

/** Links, and those that were made of them, are one file. A link waits in one place only, so this comes to an end. */
function resolveAll(table: FileTable, links: readonly WaitingLink[], file: FileRecord): void {
  const waiting = [...links];
  for (let link = waiting.pop(); link !== undefined; link = waiting.pop()) {
    link.resolved = asLink(link, file);
    for (const follower of link.followers.splice(0)) waiting.push(follower);
    if (link.node === NONE) continue;
    // Another entry of its layer may have taken its place.
    const { kind, entry } = table.record(link.node);
    if (kind === KIND.link && entry === link.record.entry) table.setRecord(link.node, link.resolved);
  }
}

/** The link is the same file as its target. What it was made of stays known. */
function asLink({ record }: WaitingLink, file: FileRecord): FileRecord {
  return file.kind === KIND.symlink ? file : { ...file, link: record.link };
}
