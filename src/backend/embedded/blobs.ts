import type { IncomingHttpHeaders } from 'node:http';
import { parseDigest } from '../../oci/digest.ts';
import { BLOB_UNKNOWN, DIGEST_UNSUPPORTED } from './disk/refusals.ts';
import { blobHead, blobReply } from '../reply/blob-reply.ts';
import type { Registry } from './store/registry.ts';
import type { Outcome } from '../reply/reply.ts';

/** GET and HEAD of a blob, whole or in ranges (end-2, RFC 9110 section 14). */
export async function getBlob(
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
export async function deleteBlob({ blobs }: Registry, repository: string, text: string): Promise<Outcome> {
  const digest = parseDigest(text);
  if (digest === undefined) return DIGEST_UNSUPPORTED;
  return (await blobs.unlink(repository, digest)) ? { status: 202, headers: {} } : BLOB_UNKNOWN;
}
