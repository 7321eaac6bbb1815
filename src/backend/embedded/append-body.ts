import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Algorithm } from '../../oci/digest.ts';
import type { Problem } from '../../oci/problem.ts';
import type { Transfer } from '../reply/job.ts';
import { FileSink, receiveBody } from './store/receive-body.ts';
import * as refusals from './disk/refusals.ts';
import type { Registry } from './store/registry.ts';
import type { OpenUpload, UploadStore } from './store/upload-store.ts';

/**
 * The user that owns an upload session, also where a token began it that the user made. Only that user may continue it; the
 * seal of its id keeps the user and each token apart.
 */
export function ownerOf({ job }: Transfer): string {
  return job.origin.charged ?? '';
}

/** Appends to a file and hashes, and ends the body when the uploads of its user exceed their byte limit. */
export function meteredSink(
  uploads: UploadStore,
  transfer: Transfer,
  { file, hash }: { readonly file: FileHandle; readonly hash: Hash },
): FileSink {
  let bytesLeft = uploads.all.stepBytes;
  return new FileSink(file.fd, (chunk) => {
    hash.update(chunk);
    bytesLeft -= chunk.length;
    if (bytesLeft > 0) return;
    bytesLeft = uploads.all.stepBytes;
    uploads.all.bytesRefusal(ownerOf(transfer)).then(
      (refusal) => refusal && transfer.stop?.(refusal),
      () => undefined,
    );
  });
}

/** The result of appending a body to an upload session. */
type AppendResult =
  | { readonly kind: 'whole'; readonly size: number; readonly hash: Hash }
  /** `problem` is undefined when the client has disconnected. */
  | { readonly kind: 'broken'; readonly problem: Problem | undefined };

/** Appends the body of a request to an upload session. */
export async function append(
  { uploads }: Registry,
  transfer: Transfer,
  { upload, algorithm }: { readonly upload: OpenUpload; readonly algorithm: Algorithm },
): Promise<AppendResult> {
  const hash = await upload.hash(algorithm);
  const { file } = upload;
  try {
    const received = await receiveBody(transfer, meteredSink(uploads, transfer, { file, hash }));
    const { size } = await file.stat();
    if (received.kind === 'refused') {
      // The user is over the limit: keeping these bytes would leave the user over it.
      if (received.problem.code === 'TOOMANYREQUESTS') await file.truncate(upload.size);
      return { kind: 'broken', problem: received.problem };
    }
    // Writes only append, so bytes from another writer show in the size.
    if (size !== upload.size + received.bytes) return { kind: 'broken', problem: refusals.UPLOAD_MIXED };
    if (received.kind === 'whole') return { kind: 'whole', size, hash };
    upload.keepHash(algorithm, hash, size);
    return { kind: 'broken', problem: undefined };
  } catch (error) {
    // The disk is full: free the space of bytes that can't be used.
    await file.truncate(upload.size).catch(() => undefined);
    throw error;
  }
}
