import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bytesOf, describeContent, jsonContent, OCI, type Content } from './image-content.ts';
import type { ImageKind } from './image-kinds.ts';

/** Writes an image as an OCI layout, tagged `1` or as told; with undefined, without a name. */
export async function writeKind(
  folder: string,
  kind: ImageKind,
  tag: string | undefined = '1',
): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  for (const content of [...kind.blobs, ...kind.manifests])
    await pipeline(Readable.from(content.read()), createWriteStream(join(blobs, content.digest.slice(7))));
  const named = (name: string): object => ({ annotations: { 'org.opencontainers.image.ref.name': name } });
  const manifests = [
    describeContent(kind.root, tag === undefined ? {} : named(tag)),
    ...[...kind.tags].map(([name, content]) => describeContent(content, named(name))),
    ...kind.referrers.map((content) => describeContent(content)),
  ];
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

/** Pushes an image into a registry that asks for nothing, as tag `1`. `url`: `http://127.0.0.1:PORT`. */
export async function pushKind(url: string, repository: string, kind: ImageKind, tag = '1'): Promise<void> {
  const at = `${url}/v2/${repository}`;
  const blobs = kind.blobs.values();
  const lane = async (): Promise<void> => {
    for (const blob of blobs) await pushBlob(at, blob);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  let hasReferrers = true;
  for (const manifest of kind.manifests) {
    const answer = await putManifest(at, manifest.digest, manifest);
    if (kind.referrers.includes(manifest)) hasReferrers = answer.headers.has('oci-subject');
  }
  for (const [name, manifest] of [[tag, kind.root] as const, ...kind.tags])
    await putManifest(at, name, manifest);
  if (!hasReferrers) await putManifest(at, kind.root.digest.replace(':', '-'), referrersTag(kind));
}

async function pushBlob(at: string, blob: Content): Promise<void> {
  const begun = await expectStatus(await fetch(`${at}/blobs/uploads/`, { method: 'POST' }), 202);
  const location = new URL(begun.headers.get('location') ?? '', at);
  location.searchParams.set('digest', blob.digest);
  const body = Readable.toWeb(Readable.from(blob.read()));
  const headers = { 'content-length': String(blob.size), 'content-type': 'application/octet-stream' };
  await expectStatus(await fetch(location, { method: 'PUT', body, headers, duplex: 'half' }), 201);
}

async function putManifest(at: string, reference: string, manifest: Content): Promise<Response> {
  const body = await bytesOf(manifest);
  const headers = { 'content-type': manifest.mediaType };
  return expectStatus(await fetch(`${at}/manifests/${reference}`, { method: 'PUT', body, headers }), 201);
}

/** What stands in for the referrers API (distribution-spec: "Unavailable Referrers API"). */
function referrersTag({ referrers }: ImageKind): Content {
  const mediaType = `${OCI}.index.v1+json`;
  return jsonContent(mediaType, {
    schemaVersion: 2,
    mediaType,
    manifests: referrers.map((one) => describeContent(one)),
  });
}

async function expectStatus(answer: Response, status: number): Promise<Response> {
  if (answer.status !== status) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** What of an image a registry lacks, or holds with other bytes, as lines. `manifests`: those that should be there. */
export async function missingIn(
  url: string,
  repository: string,
  { blobs, manifests }: Pick<ImageKind, 'blobs' | 'manifests'>,
): Promise<readonly string[]> {
  const wanted = [
    ...manifests.map((content) => ({ content, path: 'manifests' })),
    ...blobs.map((content) => ({ content, path: 'blobs' })),
  ];
  const lines = [];
  for (const { content, path } of wanted) {
    const answer = await fetch(`${url}/v2/${repository}/${path}/${content.digest}`, {
      headers: { accept: content.mediaType },
    });
    const got = answer.ok && answer.body !== null ? await digestOfStream(answer.body) : await answer.text();
    if (got !== content.digest)
      lines.push(`${path} ${content.mediaType} ${content.digest}: ${answer.status} ${got}`);
  }
  return lines;
}

/** The same of an OCI layout. */
export async function missingInLayout(
  folder: string,
  { blobs, manifests }: Pick<ImageKind, 'blobs' | 'manifests'>,
): Promise<readonly string[]> {
  const lines = [];
  for (const { digest, mediaType } of [...manifests, ...blobs]) {
    const path = join(folder, 'blobs/sha256', digest.slice(7));
    const got = await digestOfStream(createReadStream(path)).catch(String);
    if (got !== digest) lines.push(`${mediaType} ${digest}: ${got}`);
  }
  return lines;
}

/** The digest that a tag names; undefined if there is none. */
export async function tagged(url: string, repository: string, tag = '1'): Promise<string | undefined> {
  const types = ['manifest', 'index'].map((word) => `${OCI}.${word}.v1+json`);
  const accept = [
    ...types,
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.docker.distribution.manifest.list.v2+json',
  ].join(', ');
  const answer = await fetch(`${url}/v2/${repository}/manifests/${tag}`, { headers: { accept } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return answer.ok ? `sha256:${createHash('sha256').update(bytes).digest('hex')}` : undefined;
}

async function digestOfStream(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of stream) hash.update(piece);
  return `sha256:${hash.digest('hex')}`;
}
