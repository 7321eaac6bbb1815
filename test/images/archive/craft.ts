import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createArchive, type CreateArchiveOptions } from '../../../src/images/archive/create-archive.ts';
import { openArchive, type OpenArchiveOptions } from '../../../src/images/archive/open-archive.ts';
import type { ArchiveSource } from '../../../src/images/archive/read/archive-source.ts';
import type { Descriptor } from '../../../src/images/model/descriptor.ts';
import { parseManifest, type StoredManifest } from '../../../src/images/model/manifest.ts';
import type { ArchiveLocation } from '../../../src/images/name/location.ts';
import type { ImageSource, ImageTarget } from '../../../src/images/store.ts';

/** An entry of a tar that is made by hand, as a hostile program would. */
export interface Crafted {
  readonly name: string;
  readonly content?: Buffer | string;
  /** Default: `0`, a file. */
  readonly type?: string;
  readonly link?: string;
  /** The 12 bytes of the size, as they are to stand there. Default: the size of the content. */
  readonly size?: string;
}

export function craftTar(entries: readonly Crafted[], end: Buffer = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...entries.flatMap(craftEntry), end]);
}

function craftEntry({ name, content = '', type = '0', link = '', size }: Crafted): Buffer[] {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0' + '0000000\0'.repeat(2), 100, 'latin1');
  header.write(size ?? `${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 12, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A record of pax: its length counts itself. */
export function pax(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length += 1;
  return `${length}${rest}`;
}

/** An image of two layers, in the parts that archives are made of. */
export interface SmallImage {
  /** Uncompressed. */
  readonly layers: readonly Buffer[];
  readonly config: string;
  readonly configHex: string;
  /** OCI, with gzip layers. */
  readonly manifest: string;
  readonly manifestHex: string;
  /** Everything by its digest. */
  readonly blobs: ReadonlyMap<string, Buffer>;
}

export function smallImage(seed = 'a', architecture = 'amd64'): SmallImage {
  const layers = ['base', 'top'].map((part) =>
    craftTar([{ name: `etc/${part}`, content: `${seed} ${part}\n` }]),
  );
  const zipped = layers.map((layer) => gzipSync(layer));
  const config = JSON.stringify({
    architecture,
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: `sha256:${sha256(config)}`,
      size: config.length,
    },
    layers: zipped.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: `sha256:${sha256(layer)}`,
      size: layer.length,
    })),
  });
  const all = [...layers, ...zipped, Buffer.from(config), Buffer.from(manifest)];
  return {
    layers,
    config,
    configHex: sha256(config),
    manifest,
    manifestHex: sha256(manifest),
    blobs: new Map(all.map((blob) => [sha256(blob), blob])),
  };
}

/** The entry of an index.json. */
export function indexEntry(
  { manifest, manifestHex }: SmallImage,
  annotations?: object,
  more: object = {},
): object {
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${manifestHex}`,
    size: manifest.length,
    ...(annotations === undefined ? {} : { annotations }),
    ...more,
  };
}

/** The entries of an image layout. */
export function layoutEntries(index: readonly object[], images: readonly SmallImage[]): Crafted[] {
  const blobs = images.flatMap(({ blobs: all }) => [...all]);
  return [
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests: index }) },
    ...blobs.map(([hex, content]) => ({ name: `blobs/sha256/${hex}`, content })),
  ];
}

/** The entries of a classic `docker save`. */
export function classicEntries(image: SmallImage, repoTags: readonly string[] | null = ['app:1']): Crafted[] {
  const names = image.layers.map((layer) => `${sha256(`id ${sha256(layer)}`)}/layer.tar`);
  const manifest = [{ Config: `${image.configHex}.json`, RepoTags: repoTags, Layers: names }];
  return [
    { name: `${image.configHex}.json`, content: image.config },
    ...image.layers.map((layer, at) => ({ name: names[at] ?? '', content: layer })),
    { name: 'manifest.json', content: JSON.stringify(manifest) },
  ];
}

export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, Buffer | string>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

export function location(kind: ArchiveLocation['kind'], path: string): ArchiveLocation {
  return { kind, path, reference: undefined };
}

export async function bytesOf(source: ImageSource, blob: Descriptor): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of source.readBlob(blob)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Opens an archive and reads everything of it. Resolves to its names, each with the digest of the manifest. */
export async function readAll(
  place: ArchiveLocation | { readonly kind: 'stream' },
  options?: OpenArchiveOptions,
): Promise<Record<string, string>> {
  const source = await openArchive(place, options);
  try {
    const found: Record<string, string> = {};
    for await (const { names, manifest } of source.listImages()) {
      const stored = await source.readManifest(manifest.digest.text);
      if (stored === undefined) throw new Error(`no manifest ${manifest.digest.text}`);
      await readBlobs(source, stored);
      for (const name of names.length === 0 ? [''] : names) found[name] = manifest.digest.text;
    }
    return found;
  } finally {
    await source.close();
  }
}

async function readBlobs(source: ImageSource, stored: StoredManifest): Promise<void> {
  const manifest = parseManifest(stored);
  if (manifest.kind === 'index') return;
  for (const blob of [manifest.config, ...manifest.layers]) await bytesOf(source, blob);
}

/** Copies every image of an archive, blobs side by side. */
export async function copyAll(source: ArchiveSource, target: ImageTarget): Promise<void> {
  for await (const { names, manifest } of source.listImages()) await copyOne(source, target, manifest, names);
}

async function copyOne(
  source: ImageSource,
  target: ImageTarget,
  { digest }: Descriptor,
  names: readonly string[],
): Promise<void> {
  const stored = await source.readManifest(digest.text);
  if (stored === undefined) throw new Error(`no manifest ${digest.text}`);
  const manifest = parseManifest(stored);
  if (manifest.kind === 'index') {
    for (const child of manifest.manifests) await copyOne(source, target, child, []);
  } else {
    const blobs = [...manifest.layers, manifest.config];
    await Promise.all(
      blobs.map((blob) => target.putBlob(blob, (from) => source.readBlob(blob, { from, verify: false }))),
    );
  }
  await target.putManifest(stored, names);
}

export async function convert(
  from: ArchiveLocation,
  to: ArchiveLocation | { readonly kind: 'stream' },
  options?: CreateArchiveOptions,
): Promise<void> {
  const source = await openArchive(from);
  const target = await createArchive(to, options);
  try {
    await copyAll(source, target);
    await target.commit();
  } finally {
    await target.close();
    await source.close();
  }
}
