import type { Activity } from './activity.ts';
import { firstFields, span, type AuditEvent } from './event.ts';
import { LAYER_BYTES, bytesOfFacts, type Fact } from './fact.ts';

/** Digests beyond these are only counted, perhaps twice. */
const MOST_KNOWN = 1000;
const IDLE_MS = 10_000;

/**
 * A pull: the first manifest, the manifests that it leads to, and layers. Some clients check a tag (HEAD) and then get
 * the manifest by its digest: that check determines the tag of the pull.
 */
export class Pull implements Activity {
  readonly idleMs = IDLE_MS;
  #first: Fact;
  #last: Fact;
  #check: Fact | undefined;
  #top: Fact | undefined;
  #manifests = 0;
  readonly #layers = new Set<string>();
  readonly #broken = new Set<string>();
  #more = 0;
  #bytes = 0;

  constructor(first: Fact) {
    this.#first = first;
    this.#last = first;
  }

  get at(): number {
    return this.#last.at;
  }

  /** Reports whether a fact belongs to another pull, so that this one has ended. */
  isAnother(fact: Fact): boolean {
    if (fact.kind !== 'manifest-get' || this.#top === undefined) return false;
    const [tag] = fact.tags ?? [];
    // A digest names a child of the manifest, unless it is the first manifest again.
    if (tag === undefined) return this.#hasLayers() && fact.digest === this.#top.digest;
    return this.#hasLayers() || fact.digest !== this.#top.digest;
  }

  get bytes(): number {
    const facts = [this.#first, this.#last, this.#check, this.#top];
    return (this.#layers.size + this.#broken.size) * LAYER_BYTES + bytesOfFacts(facts);
  }

  add(fact: Fact): void {
    if (fact.kind === 'manifest-look') {
      if (this.#top === undefined) this.#first = fact;
      this.#check = fact;
      this.#last = fact;
      return;
    }
    this.#last = fact;
    this.#bytes += fact.bytes;
    if (fact.kind === 'manifest-get') {
      this.#manifests += 1;
      this.#top ??= fact;
    } else this.#addLayer(fact, fact.digest ?? '');
  }

  #addLayer(fact: Fact, digest: string): void {
    if (!fact.isDone) {
      if (this.#broken.size < MOST_KNOWN && !this.#layers.has(digest)) this.#broken.add(digest);
      return;
    }
    this.#broken.delete(digest);
    if (this.#layers.size < MOST_KNOWN) this.#layers.add(digest);
    else if (!this.#layers.has(digest)) this.#more += 1;
  }

  #hasLayers(): boolean {
    return this.#layers.size + this.#broken.size > 0;
  }

  /** Returns nothing if the client only checked. Layers without a manifest are a pull with an unknown tag. */
  finish(): readonly AuditEvent[] {
    const top = this.#top;
    if (top === undefined && !this.#hasLayers()) return [];
    const isWhole = this.#broken.size === 0 && top?.isDone !== false;
    return [
      {
        ...firstFields('pull', isWhole ? 'done' : 'incomplete', this.#first, this.#last),
        tag: this.#tag(),
        digest: top?.digest,
        manifests: this.#manifests,
        layers: { fetched: this.#layers.size + this.#more, broken: this.#broken.size },
        bytes: this.#bytes,
        ms: span(this.#first, this.#last),
        rule: (top ?? this.#last).rule,
      },
    ];
  }

  #tag(): string | undefined {
    const [tag] = this.#top?.tags ?? [];
    const check = this.#check;
    return tag ?? (check !== undefined && check.digest === this.#top?.digest ? check.tags?.[0] : undefined);
  }
}
