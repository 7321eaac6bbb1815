import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const MIB = 1024 * 1024;

/** Megabytes of noise, which no compressor shrinks, at the speed of AES. */
async function* noise(megabytes: number): AsyncGenerator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
  const zeros = Buffer.alloc(MIB);
  for (let i = 0; i < megabytes; i += 1) yield cipher.update(zeros);
}

/** A tar archive (ustar) that holds one file of noise: the file system of an image. */
export async function* noisyTar(megabytes: number): AsyncGenerator<Buffer> {
  yield tarHeader('noise', megabytes * MIB);
  yield* noise(megabytes);
  yield Buffer.alloc(1024);
}

/** The header of a file (ustar). */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\u00000000000\u00000000000\u0000', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\u000000000000000\u0000`, 124);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148);
  return header;
}

/** Writes a tar that `docker import` takes. */
export async function writeTar(path: string, megabytes: number): Promise<void> {
  await pipeline(Readable.from(noisyTar(megabytes)), createWriteStream(path));
}

export interface Image {
  /** Folder in the OCI image layout. */
  readonly layout: string;
  /** Digest of its manifest, `sha256:...`. */
  readonly digest: string;
  /** Digest of its only layer. */
  readonly layer: string;
}

/** An image in the OCI layout, tagged `1`: one gzip layer of noise, so that every client sends it byte for byte. */
export async function writeImage(layout: string, megabytes: number): Promise<Image> {
  const blobs = join(layout, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const plain = meter();
  const packed = meter();
  const draft = join(layout, 'layer');
  await pipeline(
    Readable.from(noisyTar(megabytes)),
    plain.stream,
    createGzip({ level: 0 }),
    packed.stream,
    createWriteStream(draft),
  );
  const layer = packed.descriptor('application/vnd.oci.image.layer.v1.tar+gzip');
  await rename(draft, join(blobs, layer.digest.slice(7)));
  const config = await writeBlob(blobs, 'application/vnd.oci.image.config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [plain.descriptor('').digest] },
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await writeBlob(blobs, mediaType, {
    schemaVersion: 2,
    mediaType,
    config,
    layers: [layer],
  });
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { 'org.opencontainers.image.ref.name': '1' };
  await writeFile(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  return { layout, digest: manifest.digest, layer: layer.digest };
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function writeBlob(blobs: string, mediaType: string, content: object): Promise<Descriptor> {
  const text = JSON.stringify(content);
  const hex = createHash('sha256').update(text).digest('hex');
  await writeFile(join(blobs, hex), text);
  return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(text) };
}

/** A stream that lets everything through and knows digest and size afterwards. */
function meter(): { stream: Transform; descriptor: (mediaType: string) => Descriptor } {
  const hash = createHash('sha256');
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return {
    stream,
    descriptor: (mediaType) => ({ mediaType, digest: `sha256:${hash.copy().digest('hex')}`, size }),
  };
}

/** The blobs of an OCI layout, by name. Names are digests that the client checked when it wrote them. */
export async function blobsOf(layout: string): Promise<string[]> {
  return (await readdir(join(layout, 'blobs/sha256'))).sort();
}
