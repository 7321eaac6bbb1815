import { bytesOfText } from '../lib/own-text.ts';
import type { Act } from './act.ts';
import type { AuditEvent } from './event.ts';
import type { Fact } from './fact.ts';

interface Place {
  readonly act: Act;
  /** Of the fact that brought it to its place. */
  readonly at: number;
  /** Of the act and its key, when it was last heard of. */
  readonly bytes: number;
}

const PLACE_BYTES = 160;
/** To move an act to its place among thousands costs more than all else that is done for a fact. */
const ORDER_MS = 1000;

/** The acts that have not ended, by their keys; bounded in bytes. Of more, the one that was silent for the longest time is written as it is. */
export class OpenActs {
  readonly #write: (event: AuditEvent) => void;
  readonly #maxBytes: number;
  /** In the order in which they were last heard of, to `ORDER_MS`. */
  readonly #places = new Map<string, Place>();
  #bytes = 0;

  constructor(write: (event: AuditEvent) => void, maxBytes: number) {
    this.#write = write;
    this.#maxBytes = maxBytes;
  }

  get(key: string): Act | undefined {
    return this.#places.get(key)?.act;
  }

  /** The act takes the fact; a new one has its place from now on. */
  goOn(key: string, act: Act, fact: Fact): void {
    act.take(fact);
    const place = this.#places.get(key);
    const bytes = PLACE_BYTES + bytesOfText(key) + act.bytes;
    this.#bytes += bytes - (place?.bytes ?? 0);
    const isInOrder = place?.act === act && fact.at - place.at < ORDER_MS;
    if (!isInOrder) this.#places.delete(key);
    this.#places.set(key, { act, at: isInOrder ? place.at : fact.at, bytes });
    while (this.#bytes > this.#maxBytes) {
      const [oldest] = this.#places.keys();
      if (oldest === undefined) return;
      this.finish(oldest);
    }
  }

  /** Ends it, and writes its lines. */
  finish(key: string): void {
    const place = this.#places.get(key);
    this.#places.delete(key);
    this.#bytes -= place?.bytes ?? 0;
    for (const event of place?.act.finish() ?? []) this.#write(event);
  }

  /** Keys of those that are silent for long enough at this time. */
  due(at: number): readonly string[] {
    const due: string[] = [];
    for (const [key, { act }] of this.#places) if (act.at + act.quietMs <= at) due.push(key);
    return due;
  }

  keys(): Iterable<string> {
    return this.#places.keys();
  }
}
