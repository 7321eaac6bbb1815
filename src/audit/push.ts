import type { Activity } from './activity.ts';
import { firstFields, span, type AuditEvent } from './event.ts';
import { LAYER_BYTES, bytesOfFacts, type Fact } from './fact.ts';

type LayerOrigin = 'uploaded' | 'mounted' | 'existing';

const LAYER_ORIGINS: Readonly<Record<string, LayerOrigin>> = {
  'layer-put': 'uploaded',
  'layer-mount': 'mounted',
  'layer-look': 'existing',
};
/** A layer that was checked and then uploaded did not exist. */
const RANK: Readonly<Record<LayerOrigin, number>> = { existing: 0, mounted: 1, uploaded: 2 };
/** Digests beyond these are only counted, perhaps twice. */
const MOST_KNOWN = 1000;
const IDLE_MS = 120_000;

/** A push: layers, manifests by their digests, and the manifest with the tag, which ends it. */
export class Push implements Activity {
  readonly idleMs = IDLE_MS;
  readonly #first: Fact;
  #last: Fact;
  readonly #layers = new Map<string, LayerOrigin>();
  readonly #more: Record<LayerOrigin, number> = { uploaded: 0, mounted: 0, existing: 0 };
  #bytes = 0;
  /** Whether the client did more than check. */
  #isPush = false;
  #manifests = 0;
  #top: Fact | undefined;
  #refused: Fact | undefined;

  constructor(first: Fact) {
    this.#first = first;
    this.#last = first;
  }

  get at(): number {
    return this.#last.at;
  }

  /** The manifest with the tag was pushed. */
  get hasEnded(): boolean {
    return (this.#top?.tags ?? []).length > 0;
  }

  get bytes(): number {
    const facts = [this.#first, this.#last, this.#top, this.#refused];
    return this.#layers.size * LAYER_BYTES + bytesOfFacts(facts);
  }

  add(fact: Fact): void {
    this.#last = fact;
    this.#bytes += fact.bytes;
    if (fact.kind !== 'layer-look') this.#isPush = true;
    const origin = LAYER_ORIGINS[fact.kind];
    if (fact.kind === 'manifest-put') this.#addManifest(fact);
    else if (origin !== undefined && fact.isDone) this.#addLayer(origin, fact.digest ?? '');
  }

  #addManifest(fact: Fact): void {
    if (!fact.isDone) {
      this.#refused = fact;
      return;
    }
    this.#manifests += 1;
    this.#top = fact;
    this.#refused = undefined;
  }

  #addLayer(origin: LayerOrigin, digest: string): void {
    const before = this.#layers.get(digest);
    if (before === undefined && this.#layers.size >= MOST_KNOWN) this.#more[origin] += 1;
    else if (before === undefined || RANK[origin] > RANK[before]) this.#layers.set(digest, origin);
  }

  /** Returns one line, or one for each tag that the manifest was given at once. The first one has the layers. */
  finish(): readonly AuditEvent[] {
    if (!this.#isPush) return [];
    const top = this.#refused ?? this.#top;
    const [tag, ...others] = top?.tags ?? [];
    const common = {
      ...firstFields('push', resultOf(top), this.#first, this.#last),
      digest: top?.digest,
      rule: (top ?? this.#last).rule,
      status: this.#refused?.status,
    };
    const all = { manifests: this.#manifests, layers: this.#count(), bytes: this.#bytes };
    return [
      { ...common, tag, ...all, ms: span(this.#first, this.#last) },
      ...others.map((other) => ({ ...common, tag: other, manifests: 0, bytes: 0 })),
    ];
  }

  #count(): Readonly<Record<LayerOrigin, number>> {
    const layers = { ...this.#more };
    for (const origin of this.#layers.values()) layers[origin] += 1;
    return layers;
  }
}

/** Without a manifest the push is incomplete. */
function resultOf(top: Fact | undefined): string {
  if (top === undefined) return 'incomplete';
  return top.isDone ? 'done' : 'failed';
}
