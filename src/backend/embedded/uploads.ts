import { createProblem, type Problem } from '../../oci/problem.ts';
import { parseChunk } from '../../oci/byte-range.ts';
import { createHasher, isAlgorithm, parseDigest, type Digest } from '../../oci/digest.ts';
import { append, ownerOf, meteredSink } from './append-body.ts';
import { discard } from './disk/durable.ts';
import { isTooDeep, type SessionName, type UploadSession } from './disk/paths.ts';
import type { Transfer } from '../reply/job.ts';
import { receiveBody } from './store/receive-body.ts';
import * as refusals from './disk/refusals.ts';
import type { Registry } from './store/registry.ts';
import { isProblem, type Outcome, type Reply } from '../reply/reply.ts';
import type { OpenUpload } from './store/upload-store.ts';

/**
 * POST: begins a session, stores a whole blob with `digest=`, or mounts a blob of another repository with `mount=` and
 * `from=` (end-4a, 4b, 11).
 */
export async function startUpload(
  registry: Registry,
  repository: string,
  transfer: Transfer,
): Promise<Outcome> {
  const { query, mount } = transfer.job.request;
  if (isTooDeep(repository)) return refusals.NAME_TOO_DEEP;
  const algorithm = query.get('digest-algorithm');
  if (algorithm !== undefined && !isAlgorithm(algorithm)) return refusals.DIGEST_UNSUPPORTED;
  if (mount !== undefined) {
    const digest = parseDigest(mount.digest);
    const there = digest !== undefined && (await registry.blobs.size(mount.from, digest)) !== undefined;
    if (there) {
      await registry.blobs.link(repository, digest, mount.from);
      return created(repository, digest);
    }
  }
  const text = query.get('digest');
  if (text !== undefined) return postWhole(registry, repository, { text, transfer });
  const session = await registry.uploads.create(repository, ownerOf(transfer));
  if (isProblem(session)) return session;
  await session.file.close();
  return sessionReply(202, repository, { id: session.id, size: 0, algorithm });
}

/** Stores a blob sent in one request. The client can't resume it. */
async function postWhole(
  { uploads, blobs }: Registry,
  repository: string,
  { text, transfer }: { readonly text: string; readonly transfer: Transfer },
): Promise<Outcome> {
  const digest = parseDigest(text);
  if (digest === undefined) return refusals.DIGEST_UNSUPPORTED;
  const owner = ownerOf(transfer);
  const session = await uploads.create(repository, owner);
  if (isProblem(session)) return session;
  const { path, file } = session;
  try {
    const hash = createHasher(digest.algorithm);
    const received = await receiveBody(transfer, meteredSink(uploads, transfer, { file, hash }));
    if (received.kind === 'refused') return received.problem;
    if (received.kind === 'aborted') return undefined;
    if (hash.digest('hex') !== digest.hex) return refusals.DIGEST_WRONG;
    await blobs.commit({ path, file }, repository, digest);
    return created(repository, digest);
  } finally {
    await file.close();
    await discard(path);
    await uploads.all.removeEmptyFolder(owner);
  }
}

/** PATCH: appends bytes (end-5). Bytes that arrived stay, even if the client breaks off. */
export async function patchUpload(
  registry: Registry,
  { repository, id }: SessionName,
  transfer: Transfer,
): Promise<Outcome> {
  const asked = transfer.job.request.query.get('digest-algorithm') ?? 'sha256';
  if (!isAlgorithm(asked)) return refusals.DIGEST_UNSUPPORTED;
  const session = { repository, id, owner: ownerOf(transfer) };
  const refusal = await registry.uploads.all.bytesRefusal(session.owner);
  if (refusal !== undefined) return refusal;
  return withUpload(registry, session, async (upload) => {
    const wrong = judgeChunk(transfer, repository, upload);
    if (wrong !== undefined) return wrong;
    const outcome = await append(registry, transfer, { upload, algorithm: asked });
    if (outcome.kind !== 'whole') return outcome.problem;
    upload.keepHash(asked, outcome.hash, outcome.size);
    const algorithm = asked === 'sha256' ? undefined : asked;
    return sessionReply(202, repository, { id, size: outcome.size, algorithm });
  });
}

/** PUT: appends the last bytes, if any, and checks the digest of all (end-6). */
export async function putUpload(
  registry: Registry,
  { repository, id }: SessionName,
  transfer: Transfer,
): Promise<Outcome> {
  const text = transfer.job.request.query.get('digest');
  const digest = text === undefined ? undefined : parseDigest(text);
  if (digest === undefined) return text === undefined ? refusals.DIGEST_MISSING : refusals.DIGEST_UNSUPPORTED;
  const session = { repository, id, owner: ownerOf(transfer) };
  return withUpload(registry, session, async (upload) => {
    const wrong = judgeChunk(transfer, repository, upload);
    if (wrong !== undefined) return wrong;
    const outcome = await append(registry, transfer, { upload, algorithm: digest.algorithm });
    if (outcome.kind !== 'whole') {
      // Restore the session, so that the client can repeat the request.
      await upload.file.truncate(upload.size);
      return outcome.problem;
    }
    if (outcome.hash.digest('hex') !== digest.hex) {
      await registry.uploads.remove(session);
      return refusals.DIGEST_WRONG;
    }
    await registry.blobs.commit(upload, repository, digest);
    await registry.uploads.remove(session);
    return created(repository, digest);
  });
}

/** GET and HEAD: reports how many bytes were received (end-13). */
export async function uploadStatus(
  { uploads }: Registry,
  { repository, id }: SessionName,
  transfer: Transfer,
): Promise<Outcome> {
  const size = await uploads.size({ repository, id, owner: ownerOf(transfer) });
  return size === undefined
    ? refusals.UPLOAD_UNKNOWN
    : sessionReply(204, repository, { id, size, algorithm: undefined });
}

/** DELETE: cancels the upload (end-14). */
export async function cancelUpload(
  { uploads }: Registry,
  { repository, id }: SessionName,
  transfer: Transfer,
): Promise<Outcome> {
  const isRemoved = await uploads.remove({ repository, id, owner: ownerOf(transfer) });
  return isRemoved ? { status: 204, headers: {} } : refusals.UPLOAD_UNKNOWN;
}

async function withUpload(
  { uploads }: Registry,
  session: UploadSession,
  action: (upload: OpenUpload) => Promise<Outcome>,
): Promise<Outcome> {
  const outcome = await uploads.use(session, action);
  if (outcome.kind === 'done') return outcome.value;
  return outcome.kind === 'busy' ? refusals.UPLOAD_BUSY : refusals.UPLOAD_UNKNOWN;
}

/** A chunk must begin where the previous one ended. */
function judgeChunk(transfer: Transfer, repository: string, upload: OpenUpload): Problem | undefined {
  const { headers } = transfer.job.req;
  const given = headers['content-range'];
  if (given === undefined) return undefined;
  const chunk = parseChunk(given);
  if (chunk === undefined || chunk.start !== upload.size) {
    const session = sessionReply(416, repository, { id: upload.id, size: upload.size, algorithm: undefined });
    return createProblem('RANGE_INVALID', 'The chunk does not begin where the upload ends.', {
      headers: Object.fromEntries(
        Object.entries(session.headers).map(([name, value]) => [name, String(value)]),
      ),
    });
  }
  const length = headers['content-length'];
  return length === undefined || Number(length) === chunk.end - chunk.start + 1
    ? undefined
    : createProblem('SIZE_INVALID', 'Content-Range and Content-Length do not agree.', { status: 400 });
}

/**
 * The location and progress of an upload. `Range` names the last byte and is required (distribution-spec end-13), but
 * can't express an empty upload. `Upload-Offset`, from the IETF draft on resumable uploads, tells an empty upload from
 * one of a single byte.
 */
function sessionReply(
  status: number,
  repository: string,
  {
    id,
    size,
    algorithm,
  }: { readonly id: string; readonly size: number; readonly algorithm: string | undefined },
): Reply {
  const query = algorithm === undefined ? '' : `?digest-algorithm=${algorithm}`;
  return {
    status,
    headers: {
      Location: `/v2/${repository}/blobs/uploads/${id}${query}`,
      'Docker-Upload-UUID': id,
      'Upload-Offset': String(size),
      Range: `0-${Math.max(0, size - 1)}`,
    },
  };
}

function created(repository: string, digest: Digest): Reply {
  return {
    status: 201,
    headers: { Location: `/v2/${repository}/blobs/${digest.text}`, 'Docker-Content-Digest': digest.text },
  };
}
