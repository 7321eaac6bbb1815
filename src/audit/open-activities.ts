import { bytesOfText } from '../lib/own-text.ts';
import type { Activity } from './activity.ts';
import type { AuditEvent } from './event.ts';
import type { Fact } from './fact.ts';

interface OpenActivity {
  readonly activity: Activity;
  /** The time of the fact that determined its position. */
  readonly at: number;
  /** Memory of the activity and its key at its last fact. */
  readonly bytes: number;
}

const ENTRY_BYTES = 160;
/** Moving an entry costs more than all other work for a fact, so the order is only this exact. */
const ORDER_MS = 1000;

/**
 * The open activities by their keys, bounded in bytes. Beyond the bound, the one idle for the longest time is written
 * as it is.
 */
export class OpenActivities {
  readonly #write: (event: AuditEvent) => void;
  readonly #maxBytes: number;
  /** In the order of their last facts, within `ORDER_MS`. */
  readonly #entries = new Map<string, OpenActivity>();
  #bytes = 0;

  constructor(write: (event: AuditEvent) => void, maxBytes: number) {
    this.#write = write;
    this.#maxBytes = maxBytes;
  }

  get(key: string): Activity | undefined {
    return this.#entries.get(key)?.activity;
  }

  /** Adds a fact to an activity, which may be a new one. */
  add(key: string, activity: Activity, fact: Fact): void {
    activity.add(fact);
    const entry = this.#entries.get(key);
    const bytes = ENTRY_BYTES + bytesOfText(key) + activity.bytes;
    this.#bytes += bytes - (entry?.bytes ?? 0);
    const isInOrder = entry?.activity === activity && fact.at - entry.at < ORDER_MS;
    if (!isInOrder) this.#entries.delete(key);
    this.#entries.set(key, { activity, at: isInOrder ? entry.at : fact.at, bytes });
    while (this.#bytes > this.#maxBytes) {
      const [oldest] = this.#entries.keys();
      if (oldest === undefined) return;
      this.finish(oldest);
    }
  }

  /** Ends the activity and writes its lines. */
  finish(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    this.#bytes -= entry?.bytes ?? 0;
    for (const event of entry?.activity.finish() ?? []) this.#write(event);
  }

  /** Returns the keys of activities that have been idle for long enough at this time. */
  due(at: number): readonly string[] {
    const due: string[] = [];
    for (const [key, { activity }] of this.#entries) if (activity.at + activity.idleMs <= at) due.push(key);
    return due;
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }
}
