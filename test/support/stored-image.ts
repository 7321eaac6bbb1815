import { createHash } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { bytesOf, type Content } from './image-content.ts';
import type { ImageKind } from './image-kinds.ts';

/** An image of one platform, as far as a form that keeps it by other manifests has to keep it. */
export interface StoredImage {
  /** What docker calls the id of the image. */
  readonly config: string;
  /** Of the layers as they are stored. */
  readonly layers: readonly string[];
  /** Of the tars inside. Of a foreign layer, which is nowhere here, its own digest. */
  readonly diffIds: readonly string[];
}

interface ManifestJson {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly urls?: readonly string[] }[];
}

const TYPES = ['vnd.oci.image.manifest.v1+json', 'vnd.docker.distribution.manifest.v2+json'];

/** Reads an image out of a registry. `url`: `http://HOST:PORT`. */
export async function readStored(url: string, repository: string, reference: string): Promise<StoredImage> {
  const at = `${url}/v2/${repository}`;
  const accept = TYPES.map((type) => `application/${type}`).join(', ');
  const manifest = JSON.parse((await get(`${at}/manifests/${reference}`, accept)).toString()) as ManifestJson;
  return storedOf(manifest, (digest) => get(`${at}/blobs/${digest}`));
}

/** The same of what a test has made: of the manifest that comes first. */
export async function storedIn({ manifests, blobs }: ImageKind): Promise<StoredImage> {
  const known = new Map(blobs.map((blob): [string, Content] => [blob.digest, blob]));
  const read = async (content: Content | undefined): Promise<Buffer> => {
    if (content === undefined) throw new Error('there is no such blob');
    return bytesOf(content);
  };
  const manifest = JSON.parse((await read(manifests[0])).toString()) as ManifestJson;
  return storedOf(manifest, (digest) => read(known.get(digest)));
}

async function storedOf(
  { config, layers }: ManifestJson,
  read: (digest: string) => Promise<Buffer>,
): Promise<StoredImage> {
  const diffIds = await Promise.all(
    layers.map(async ({ digest, urls }) =>
      urls === undefined ? sha256(unpack(await read(digest))) : digest,
    ),
  );
  return { config: config.digest, layers: layers.map(({ digest }) => digest), diffIds };
}

function unpack(bytes: Buffer): Buffer {
  if (bytes.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return gunzipSync(bytes);
  return bytes.subarray(0, 4).toString('hex') === '28b52ffd' ? zstdDecompressSync(bytes) : bytes;
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function get(address: string, accept = '*/*'): Promise<Buffer> {
  const answer = await fetch(address, { headers: { accept } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status} ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}
