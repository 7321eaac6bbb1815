import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Algorithm } from '../../oci/digest.ts';
import type { Problem } from '../../oci/problem.ts';
import type { Transfer } from '../reply/job.ts';
import { FileSink, receiveBody } from './store/receive-body.ts';
import * as refusals from './disk/refusals.ts';
import type { Registry } from './store/registry.ts';
import type { OpenUpload, UploadStore } from './store/upload-store.ts';

/** Who began a session, and who alone may go on with it. */
export function askerOf({ job }: Transfer): string {
  return job.origin.asker ?? '';
}

/** Appends to a file and hashes, and ends the body where the uploads of its user hold too much. */
export function meteredSink(
  uploads: UploadStore,
  transfer: Transfer,
  { file, hash }: { readonly file: FileHandle; readonly hash: Hash },
): FileSink {
  let until = uploads.all.stepBytes;
  return new FileSink(file.fd, (chunk) => {
    hash.update(chunk);
    until -= chunk.length;
    if (until > 0) return;
    until = uploads.all.stepBytes;
    uploads.all.bytesRefusal(askerOf(transfer)).then(
      (refusal) => refusal && transfer.stop?.(refusal),
      () => undefined,
    );
  });
}

/** How a body that was appended to a session ended. */
export type Appended =
  | { readonly kind: 'whole'; readonly size: number; readonly hash: Hash }
  /** Without a problem the client has left. */
  | { readonly kind: 'broken'; readonly problem: Problem | undefined };

/** Appends the body of a request to a session. */
export async function append(
  { uploads }: Registry,
  transfer: Transfer,
  { upload, algorithm }: { readonly upload: OpenUpload; readonly algorithm: Algorithm },
): Promise<Appended> {
  const hash = await upload.hash(algorithm);
  const { file } = upload;
  try {
    const received = await receiveBody(transfer, meteredSink(uploads, transfer, { file, hash }));
    const { size } = await file.stat();
    if (received.kind === 'refused') {
      // Over the limit of its user: what came would only keep the user over it.
      if (received.problem.code === 'TOOMANYREQUESTS') await file.truncate(upload.size);
      return { kind: 'broken', problem: received.problem };
    }
    // Appending never overwrites: bytes of somebody else show in the size.
    if (size !== upload.size + received.bytes) return { kind: 'broken', problem: refusals.UPLOAD_MIXED };
    if (received.kind === 'whole') return { kind: 'whole', size, hash };
    upload.keepHash(algorithm, hash, size);
    return { kind: 'broken', problem: undefined };
  } catch (error) {
    // A full disk: what can't be used is given back.
    await file.truncate(upload.size).catch(() => undefined);
    throw error;
  }
}
