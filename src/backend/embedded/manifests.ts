import type { IncomingHttpHeaders } from 'node:http';
import { isTag } from '../../oci/request/route.ts';
import { createProblem, type Problem } from '../../oci/problem.ts';
import { etagOf, matches, isProblem, type Outcome } from '../reply/reply.ts';
import { parseDigest, type Digest } from '../../oci/digest.ts';
import type { Transfer } from '../reply/job.ts';
import { both } from './disk/durable.ts';
import { concurrentForEach } from '../../lib/concurrent-for-each.ts';
import type { Manifest } from '../../oci/manifest/manifest.ts';
import { digestOfLarge } from './store/large-digest.ts';
import { isTooDeep } from './disk/paths.ts';
import { MemorySink } from './store/memory-sink.ts';
import { receiveBody } from './store/receive-body.ts';
import * as refusals from './disk/refusals.ts';
import type { Registry } from './store/registry.ts';
import type { PreparedTag } from './store/tag-store.ts';

/** A repository, and a tag or a digest. */
interface ManifestName {
  readonly repository: string;
  readonly reference: string;
}

/** Each costs several disk syncs. */
const MAX_TAGS = 100;

/** GET and HEAD of a manifest (end-3). Returns the bytes that were pushed. */
export async function getManifest(
  { manifests, tags }: Registry,
  { repository, reference }: ManifestName,
  { method, headers }: { readonly method: string; readonly headers: IncomingHttpHeaders },
): Promise<Outcome> {
  const target = targetOf(reference);
  if (target === undefined) return refusals.DIGEST_UNSUPPORTED;
  const digest = typeof target === 'string' ? await tags.resolve(repository, target) : target;
  const stored = digest === undefined ? undefined : await manifests.get(repository, digest);
  if (digest === undefined || stored === undefined) return refusals.MANIFEST_UNKNOWN;
  const about = { 'Docker-Content-Digest': digest.text, ETag: etagOf(digest) };
  if (matches(headers['if-none-match'], digest)) return { status: 304, headers: about };
  const { bytes, mediaType } = stored;
  const reply = {
    status: 200,
    headers: {
      ...about,
      'Content-Type': mediaType,
      'Content-Length': String(bytes.length),
    },
  };
  return method === 'HEAD' ? reply : { ...reply, body: bytes };
}

/** PUT of a manifest (end-7): by digest, by tag, or by digest with any number of `tag=`. */
export async function putManifest(
  registry: Registry,
  { repository, reference }: ManifestName,
  transfer: Transfer,
): Promise<Outcome> {
  if (isTooDeep(repository)) return refusals.NAME_TOO_DEEP;
  const target = targetOf(reference);
  if (target === undefined) return refusals.DIGEST_UNSUPPORTED;
  const { pairs } = transfer.job.request.query;
  const asked = pairs.filter((pair) => pair.key === 'tag').map((pair) => pair.value);
  if (asked.length > MAX_TAGS) return refusals.TAGS_TOO_MANY;
  if (!asked.every(isTag)) return refusals.TAG_INVALID;
  const sink = new MemorySink(registry.manifests.bodies);
  try {
    const pushed = await receiveManifest(registry, sink, transfer);
    if (pushed === undefined || isProblem(pushed)) return pushed;
    return await keepManifest(registry, repository, { target, asked, pushed });
  } finally {
    sink.close();
  }
}

async function keepManifest(
  registry: Registry,
  repository: string,
  {
    target,
    asked,
    pushed,
  }: {
    readonly target: string | Digest;
    readonly asked: readonly string[];
    readonly pushed: Pushed;
  },
): Promise<Outcome> {
  const [algorithm, tags] =
    typeof target === 'string'
      ? (['sha256', [target, ...asked]] as const)
      : ([target.algorithm, asked] as const);
  const digest = await digestOfLarge(algorithm, pushed.bytes);
  if (typeof target !== 'string' && target.hex !== digest.hex) return refusals.DIGEST_WRONG;
  if (!(await isStored(registry, repository, { digest, pushed, tags }))) return refusals.BLOB_MISSING;
  return createdReply(repository, { digest, asked, subject: pushed.manifest.subject });
}

/**
 * Stores the manifest and then its tags, so that a power failure leaves no tag without its manifest. What the tags need
 * is written at the same time as the manifest. Returns false if the repository lacks a blob that the manifest
 * references.
 */
async function isStored(
  { manifests, tags: store }: Registry,
  repository: string,
  {
    digest,
    pushed,
    tags,
  }: { readonly digest: Digest; readonly pushed: Pushed; readonly tags: readonly string[] },
): Promise<boolean> {
  // Checked first, so that nothing has to be undone.
  if (!(await manifests.isComplete(repository, pushed.manifest))) return false;
  const prepared: PreparedTag[] = [];
  try {
    const [isPut] = await both(
      manifests.put(repository, digest, pushed),
      concurrentForEach(
        new Set(tags),
        async (tag) => void prepared.push(await store.prepare(repository, tag, digest)),
      ),
    );
    if (isPut) await concurrentForEach(prepared, (tag) => tag.set());
    return isPut;
  } finally {
    await concurrentForEach(prepared, (tag) => tag.discard());
  }
}

function createdReply(
  repository: string,
  {
    digest,
    asked,
    subject,
  }: { readonly digest: Digest; readonly asked: readonly string[]; readonly subject: Digest | undefined },
): Outcome {
  return {
    status: 201,
    headers: {
      Location: `/v2/${repository}/manifests/${digest.text}`,
      'Docker-Content-Digest': digest.text,
      ...(subject === undefined ? {} : { 'OCI-Subject': subject.text }),
      ...(asked.length === 0 ? {} : { 'OCI-Tag': asked }),
    },
  };
}

interface Pushed {
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

/** Reads the body as a manifest. Returns undefined if the client has disconnected. */
async function receiveManifest(
  { manifests }: Registry,
  sink: MemorySink,
  transfer: Transfer,
): Promise<Pushed | Problem | undefined> {
  const received = await receiveBody(transfer, sink);
  if (received.kind === 'refused') return received.problem;
  if (received.kind === 'aborted') return undefined;
  const bytes = sink.bytes();
  const outcome = await manifests.judge(bytes, transfer.job.req.headers['content-type']);
  return outcome.ok
    ? { bytes, manifest: outcome.manifest }
    : createProblem('MANIFEST_INVALID', outcome.reason);
}

/** DELETE of a tag, or of a manifest with all tags that name it (end-9). */
export async function deleteManifest(
  { manifests, tags }: Registry,
  { repository, reference }: ManifestName,
): Promise<Outcome> {
  const target = targetOf(reference);
  if (target === undefined) return refusals.DIGEST_UNSUPPORTED;
  if (typeof target === 'string') {
    return (await tags.remove(repository, target)) ? { status: 202, headers: {} } : refusals.MANIFEST_UNKNOWN;
  }
  if (!(await manifests.has(repository, target))) return refusals.MANIFEST_UNKNOWN;
  // Tags first: an interrupted request can be repeated.
  await tags.removeAllOf(repository, target);
  return (await manifests.remove(repository, target))
    ? { status: 202, headers: {} }
    : refusals.MANIFEST_UNKNOWN;
}

/** Returns a tag, a digest, or undefined for an unsupported digest. */
function targetOf(reference: string): string | Digest | undefined {
  return reference.includes(':') ? parseDigest(reference) : reference;
}
