import { createCipheriv, createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { tarHeader } from './images.ts';

/** Bytes with a digest, and what a descriptor says of them. */
export interface Content {
  readonly mediaType: string;
  /** `sha256:...`. */
  readonly digest: string;
  readonly size: number;
  read(): AsyncIterable<Uint8Array>;
}

/** A layer: what is stored, and the digest of the tar inside. */
export interface Layer {
  readonly blob: Content;
  readonly diffId: string;
  /** Where the bytes are to be had, if they are in no registry. */
  readonly urls?: readonly string[];
}

export const OCI = 'application/vnd.oci.image';
export const DOCKER = 'application/vnd.docker';
export const TIME = '2024-02-29T12:30:00.123456789Z';

export function contentOf(mediaType: string, bytes: Buffer): Content {
  const read = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  return { mediaType, digest: digestOf(bytes), size: bytes.length, read };
}

export function jsonContent(mediaType: string, value: object): Content {
  return contentOf(mediaType, Buffer.from(JSON.stringify(value, undefined, 3)));
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** All bytes of content that is small. */
export function bytesOf(content: Content): Promise<Buffer> {
  return buffer(content.read());
}

/** The descriptor of content, with further members. */
export function describeContent({ mediaType, digest, size }: Content, more: object = {}): object {
  return { mediaType, digest, size, ...more };
}

export type Entry = Partial<Header> & { readonly name: string } & { readonly text?: string };

/** A tar of these entries, owned by root, of the time of all of these images. */
export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { text, ...header } of entries)
    tar.entry({ uid: 0, gid: 0, mtime: new Date(TIME), ...header }, text ?? '');
  tar.finalize();
  return buffer(tar);
}

/** How a layer is kept. */
export type Packing = 'oci' | 'oci-gzip' | 'oci-zstd' | 'docker-gzip' | 'foreign-gzip';

const TYPES: Readonly<Record<Packing, string>> = {
  oci: `${OCI}.layer.v1.tar`,
  'oci-gzip': `${OCI}.layer.v1.tar+gzip`,
  'oci-zstd': `${OCI}.layer.v1.tar+zstd`,
  'docker-gzip': `${DOCKER}.image.rootfs.diff.tar.gzip`,
  'foreign-gzip': `${DOCKER}.image.rootfs.foreign.diff.tar.gzip`,
};

export function packLayer(tar: Buffer, packing: Packing): Layer {
  const bytes =
    packing === 'oci' ? tar : packing === 'oci-zstd' ? zstdCompressSync(tar) : gzipSync(tar, { level: 6 });
  return { blob: contentOf(TYPES[packing], bytes), diffId: digestOf(tar) };
}

const MIB = 1024 * 1024;

/** An uncompressed layer with one file of so many MiB of noise, made anew whenever it is read: it is nowhere in memory. */
export async function largeLayer(megabytes: number, seed = 0): Promise<Layer> {
  const zeros = Buffer.alloc(MIB);
  const read = async function* (): AsyncGenerator<Uint8Array> {
    const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16, seed));
    yield tarHeader('noise', megabytes * MIB);
    for (let at = 0; at < megabytes; at += 1) yield cipher.update(zeros);
    yield Buffer.alloc(1024);
  };
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of read()) {
    hash.update(piece);
    size += piece.length;
  }
  const digest = `sha256:${hash.digest('hex')}`;
  return { blob: { mediaType: TYPES.oci, digest, size, read }, diffId: digest };
}
