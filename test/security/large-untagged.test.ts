import { expect, it } from 'vitest';
import { readUntagged } from '../../src/pages/repositories/untagged/read-untagged.ts';
import { storeManifest } from '../../src/images/model/manifest.ts';
import { OCI_MANIFEST } from '../../src/images/model/media-types.ts';

// Whoever may push can push fifty manifests of 4 MiB without a tag, and open the page that lists them: as values they took
// 950 MB, and the loop of events for as long as fifty of them take.

const LISTED = 50;

/** A manifest that differs from others in its first layer. */
function manifestOf(nth: number, layers: number) {
  const one = (at: number) => ({
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    digest: `sha256:${(nth * layers + at).toString(16).padStart(64, '0')}`,
    size: 1,
  });
  const config = { ...one(0), mediaType: 'application/vnd.oci.image.config.v1+json' };
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config,
    layers: Array.from({ length: layers }, (_none, at) => one(at)),
  };
  return storeManifest(Buffer.from(JSON.stringify(document)), OCI_MANIFEST);
}

/** Opens the page from each place to the next one, until all are shown. */
async function pagesOf(layers: number) {
  const stored = new Map(
    Array.from({ length: LISTED }, (_none, nth) => manifestOf(nth, layers)).map((it) => [it.digest.text, it]),
  );
  const all = [...stored.keys()].map((digest) => ({ digest, since: new Date(0) }));
  const pages: { readonly bytes: number; readonly digests: readonly string[] }[] = [];
  let from = 0;
  while (from < all.length) {
    let bytes = 0;
    const { rows, taken } = await readUntagged({
      repository: 'team/app',
      source: {
        readManifest: async (digest) => {
          const found = stored.get(digest);
          bytes += found?.bytes.length ?? 0;
          return found;
        },
      },
      inventory: { needing: async () => new Map(), layerShares: async () => new Map() },
      listed: all.slice(from, from + LISTED),
    });
    pages.push({ bytes, digests: rows.map(({ digest }) => digest) });
    from += taken;
  }
  return { pages, all: all.map(({ digest }) => digest) };
}

it('a page of small manifests holds all that fit on it', async () => {
  const { pages } = await pagesOf(5);
  expect(pages).toHaveLength(1);
});

it('a page of large manifests ends early, and the next one goes on where it ended', async () => {
  const { pages, all } = await pagesOf(2500);
  expect(pages.length).toBeGreaterThan(3);
  expect(pages.flatMap(({ digests }) => digests)).toEqual(all);
  // Less than the limit before the last batch, which has five.
  const largest = manifestOf(LISTED, 2500).bytes.length;
  expect(Math.max(...pages.map(({ bytes }) => bytes))).toBeLessThan(4 * 1024 * 1024 + 5 * largest);
});
