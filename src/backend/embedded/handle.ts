import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from '../../lib/logger.ts';
import { causeOf, isFull, problemOf } from './disk/faults.ts';
import { Transfer, type Job } from '../reply/job.ts';
import type { IdleWatch } from '../../lib/streams/idle-watch.ts';
import { listCatalog, listReferrers, listTags } from './lists.ts';
import { deleteManifest, getManifest, putManifest } from './manifests.ts';
import { sealFields } from '../../oci/request/sealed-upload.ts';
import type { Registry } from './store/registry.ts';
import { jsonReply, type Outcome } from '../reply/reply.ts';
import { sendReply } from '../reply/send-reply.ts';
import { cancelUpload, patchUpload, putUpload, startUpload, uploadStatus } from './uploads.ts';
import { parseDigest } from '../../oci/digest.ts';
import { BLOB_UNKNOWN, DIGEST_UNSUPPORTED } from './disk/refusals.ts';
import { blobHead, blobReply } from '../reply/blob-reply.ts';

interface HandleOptions {
  readonly registry: Registry;
  readonly idle: Pick<IdleWatch, 'add' | 'remove'> | undefined;
  readonly logger: Logger;
}

/** Answers a job or cuts its connection. Never throws: an error becomes a problem and a line in the log. */
export async function handleJob({ registry, idle, logger }: HandleOptions, job: Job): Promise<void> {
  const transfer = new Transfer(job);
  idle?.add(transfer);
  try {
    const outcome = await outcomeOf(registry, transfer);
    if (outcome !== undefined) await sendReply(transfer, sealed(outcome, job));
  } catch (error) {
    if (job.res.destroyed) return;
    const { requestId: id } = job.origin;
    logger.error({ id, error: causeOf(error) }, 'the embedded registry failed');
    // Free space for the next request, if possible.
    if (isFull(error)) registry.uploads.all.freeSpace().catch(() => undefined);
    transfer.fail(problemOf(error));
  } finally {
    // A reply that is still being sent is watched until it has been sent.
    if (job.res.writableFinished || job.res.destroyed) idle?.remove(transfer);
    else job.res.once('close', () => idle?.remove(transfer));
  }
}

/** Replaces the names of upload sessions by those that the client knows. */
function sealed<T extends NonNullable<Outcome>>(outcome: T, { uploadSeal }: Job): T {
  if (uploadSeal === undefined) return outcome;
  return { ...outcome, headers: sealFields(outcome.headers, uploadSeal) };
}

/** Calls the end-point for a route and method. The methods of each route are those of `METHODS`. */
function outcomeOf(registry: Registry, transfer: Transfer): Promise<Outcome> {
  const { request } = transfer.job;
  const { route, query } = request;
  switch (route.kind) {
    case 'base':
      return Promise.resolve(jsonReply({}));
    case 'catalog':
      return listCatalog(registry, query);
    case 'tags':
      return listTags(registry, route.repository, query);
    case 'referrers':
      return listReferrers(registry, route, query);
    case 'blob':
      return onBlob(registry, transfer, route);
    case 'manifest':
      return onManifest(registry, transfer, route);
    case 'uploads':
      return startUpload(registry, route.repository, transfer);
    case 'upload':
      return onUpload(registry, transfer, { repository: route.repository, id: route.upload });
  }
}

function onBlob(
  registry: Registry,
  { job }: Transfer,
  { repository, digest }: { readonly repository: string; readonly digest: string },
): Promise<Outcome> {
  const { method } = job.request;
  if (method === 'DELETE') return deleteBlob(registry, repository, digest);
  return getBlob(registry, repository, digest, { method, headers: job.req.headers });
}

function onManifest(
  registry: Registry,
  transfer: Transfer,
  name: { readonly repository: string; readonly reference: string },
): Promise<Outcome> {
  const { method } = transfer.job.request;
  if (method === 'PUT') return putManifest(registry, name, transfer);
  if (method === 'DELETE') return deleteManifest(registry, name);
  return getManifest(registry, name, { method, headers: transfer.job.req.headers });
}

function onUpload(
  registry: Registry,
  transfer: Transfer,
  name: { readonly repository: string; readonly id: string },
): Promise<Outcome> {
  const { method } = transfer.job.request;
  if (method === 'PATCH') return patchUpload(registry, name, transfer);
  if (method === 'PUT') return putUpload(registry, name, transfer);
  if (method === 'DELETE') return cancelUpload(registry, name, transfer);
  return uploadStatus(registry, name, transfer);
}

/** GET and HEAD of a blob, whole or in ranges (end-2, RFC 9110 section 14). */
async function getBlob(
  { blobs }: Registry,
  repository: string,
  text: string,
  { method, headers }: { readonly method: string; readonly headers: IncomingHttpHeaders },
): Promise<Outcome> {
  const digest = parseDigest(text);
  if (digest === undefined) return DIGEST_UNSUPPORTED;
  if (method === 'HEAD') {
    const size = await blobs.size(repository, digest);
    if (size === undefined) return BLOB_UNKNOWN;
    return blobHead(digest, size, headers);
  }
  const blob = await blobs.open(repository, digest);
  if (blob === undefined) return BLOB_UNKNOWN;
  return blobReply(digest, blob, headers);
}

/**
 * DELETE of a blob (end-10). Removes the repository's link; garbage collection removes the bytes once nothing refers to
 * them.
 */
async function deleteBlob({ blobs }: Registry, repository: string, text: string): Promise<Outcome> {
  const digest = parseDigest(text);
  if (digest === undefined) return DIGEST_UNSUPPORTED;
  return (await blobs.unlink(repository, digest)) ? { status: 202, headers: {} } : BLOB_UNKNOWN;
}
