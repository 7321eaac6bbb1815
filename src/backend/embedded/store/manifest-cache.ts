import type { Digest } from '../../../oci/digest.ts';

/** A manifest as it is served. */
export interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly subject: Digest | undefined;
  readonly artifactType: string | undefined;
}

const CACHE_BYTES = 32 * 1024 * 1024;
/** Memory that an entry takes besides its bytes: its digest, subject, types and objects. */
const ENTRY_BYTES = 1536;

/** Manifests in memory, bounded in bytes. The least recently used ones are evicted. */
export class ManifestCache {
  readonly #entries = new Map<string, StoredManifest>();
  #bytes = 0;

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
