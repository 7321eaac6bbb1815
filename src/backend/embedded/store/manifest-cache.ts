import type { Digest } from '../../../oci/digest.ts';

/** A manifest as it is served. */
export interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
}

const CACHE_BYTES = 32 * 1024 * 1024;
/** What an entry costs beside its bytes: its digest, its subject, its types, the objects. */
const ENTRY_BYTES = 1536;

/** Manifests in memory, bounded in bytes; those not asked for in longest make room. */
export class ManifestCache {
  readonly #entries = new Map<string, StoredManifest>();
  #bytes = 0;

  /** An entry, which is then the youngest. */
  get(digest: Digest): StoredManifest | undefined {
    const stored = this.#entries.get(digest.text);
    if (stored !== undefined) {
      this.#entries.delete(digest.text);
      this.#entries.set(digest.text, stored);
    }
    return stored;
  }

  keep(digest: Digest, stored: StoredManifest): void {
    if (!this.#entries.has(digest.text)) this.#bytes += sizeOf(stored);
    this.#entries.delete(digest.text);
    this.#entries.set(digest.text, stored);
    for (const [text, oldest] of this.#entries) {
      if (this.#bytes <= CACHE_BYTES) break;
      this.#entries.delete(text);
      this.#bytes -= sizeOf(oldest);
    }
  }
}

function sizeOf({ bytes }: StoredManifest): number {
  return bytes.length + ENTRY_BYTES;
}
