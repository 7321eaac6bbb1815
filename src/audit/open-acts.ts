import { bytesOfText } from '../lib/own-text.ts';
import type { Act } from './act.ts';
import type { AuditEvent } from './event.ts';
import type { Fact } from './fact.ts';

interface Place {
  readonly act: Act;
  /** The time of the fact that determined its position. */
  readonly at: number;
  /** Memory of the activity and its key at its last fact. */
  readonly bytes: number;
}

const PLACE_BYTES = 160;
/** Moving an entry costs more than all other work for a fact, so the order is only this exact. */
const ORDER_MS = 1000;

/**
 * The open activities by their keys, bounded in bytes. Beyond the bound, the one idle for the longest time is written
 * as it is.
 */
export class OpenActs {
  readonly #write: (event: AuditEvent) => void;
  readonly #maxBytes: number;
  /** In the order of their last facts, within `ORDER_MS`. */
  readonly #places = new Map<string, Place>();
  #bytes = 0;

  constructor(write: (event: AuditEvent) => void, maxBytes: number) {
    this.#write = write;
    this.#maxBytes = maxBytes;
  }

  get(key: string): Act | undefined {
    return this.#places.get(key)?.act;
  }

  /** Adds a fact to an activity, which may be a new one. */
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

  /** Ends the activity and writes its lines. */
  finish(key: string): void {
    const place = this.#places.get(key);
    this.#places.delete(key);
    this.#bytes -= place?.bytes ?? 0;
    for (const event of place?.act.finish() ?? []) this.#write(event);
  }

  /** Returns the keys of activities that have been idle for long enough at this time. */
  due(at: number): readonly string[] {
    const due: string[] = [];
    for (const [key, { act }] of this.#places) if (act.at + act.quietMs <= at) due.push(key);
    return due;
  }

  keys(): Iterable<string> {
    return this.#places.keys();
  }
}
