import { createHasher, type Digest } from '../../../oci/digest.ts';
import { AppError } from '../../../lib/errors.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { OnBytes, Pieces, WriteOptions } from '../../store.ts';
import { refused } from '../session/refused.ts';
import { createPersistence, LEAST_PROGRESS } from '../session/persistence.ts';
import { TryAgain } from '../session/try-again.ts';
import { pulls } from '../sign-in/access.ts';
import type { BlobPlace } from './download.ts';
import { createSentBody, createWatchedBody, type Tell } from './sent-body.ts';
import {
  cancelUpload,
  finishUpload,
  openUpload,
  sendPart,
  uploadStatus,
  type Upload,
} from './upload-session.ts';

/** Below this many bytes a blob is sent in one request, without a PATCH before it. */
const SMALL = 1024 * 1024;
/** What is sent at once where a proxy finds more too large. */
const CHUNK = 32 * 1024 * 1024;
/** Smaller chunks are no remedy. */
const LEAST_CHUNK = 1024 * 1024;

type Known = Pick<Descriptor, 'digest' | 'size'>;

/** A blob on its way, and how far it is. */
interface Sending {
  readonly place: BlobPlace;
  readonly blob: Known;
  readonly read: (from: number) => Pieces;
  readonly signal: AbortSignal | undefined;
  readonly tell: Tell;
  upload: Upload | undefined;
  chunk: number;
}

/**
 * Stores a blob of known digest and size, and goes on where a broken connection ended. The registry compares the digest
 * with what it got. `begun`: an upload that the registry has begun already. Throws AppError DIGEST_MISMATCH,
 * REGISTRY_REFUSED, REGISTRY_UNREACHABLE, and what `read` throws.
 */
export async function uploadBlob(
  place: BlobPlace,
  blob: Known,
  read: (from: number) => Pieces,
  options: WriteOptions & { readonly begun?: Upload | undefined } = {},
): Promise<void> {
  const { signal, onBytes, begun } = options;
  const sending: Sending = {
    place,
    blob,
    read,
    signal,
    tell: teller(onBytes),
    upload: begun,
    chunk: Infinity,
  };
  await persist(sending, async () => {
    sending.upload ??= await openUpload(place, signal);
    await sendAll(sending, sending.upload);
  });
}

/** Calls an action until it succeeds, and gives the upload up if it does not. */
async function persist(sending: Sending, action: () => Promise<void>): Promise<void> {
  const persistence = createPersistence(sending.place.session, sending.signal);
  try {
    for (let isDone = false; !isDone;) {
      try {
        await action();
        isDone = true;
      } catch (error) {
        await persistence.afterFailure(error, sending.upload?.at ?? 0);
        isDone = await synchronize(sending);
      }
    }
  } catch (error) {
    await cancelUpload(sending.place, sending.upload);
    throw error;
  }
}

/** Asks the registry how far it is. True if it has all: the answer may be all that was lost. */
async function synchronize(sending: Sending): Promise<boolean> {
  const { place, blob, signal } = sending;
  if (sending.upload !== undefined) sending.upload = await uploadStatus(place, sending.upload, signal);
  return sending.upload === undefined && hasBlob(place, blob.digest, signal);
}

async function sendAll(sending: Sending, begun: Upload): Promise<void> {
  const { place, blob, signal } = sending;
  let upload = begun;
  const part = (length: number) => ({
    body: createSentBody(sending.read, { from: upload.at, length, ...sending }),
    length,
    signal,
  });
  if (blob.size <= SMALL && upload.at === 0) return finishUpload(place, upload, blob.digest, part(blob.size));
  while (upload.at < blob.size) {
    const before = upload.at;
    const length = Math.min(sending.chunk, blob.size - before);
    const after = await sendPart(place, upload, { ...part(length), isWhole: length === blob.size });
    if (after === 'too large') {
      sending.chunk = smaller(sending);
      continue;
    }
    sending.upload = upload = { ...after, at: Math.min(after.at, before + length) };
    if (upload.at - before < Math.min(length, LEAST_PROGRESS)) throw new TryAgain(noProgress(sending));
  }
  return finishUpload(place, upload, blob.digest, { length: 0, signal });
}

function noProgress({ place, blob, upload }: Sending): AppError {
  return new AppError('REGISTRY_REFUSED', {
    message: `${place.session.registry} answers that it took the next part of an upload, but keeps no more than ${upload?.at ?? 0} of ${blob.size} bytes.`,
    hint: 'The fault is on its side: see its log, and whether its disk is full.',
  });
}

/** Returns what may be sent at once after this much was too much. Throws AppError REGISTRY_REFUSED if there is no less. */
function smaller({ chunk, blob, place }: Sending): number {
  const sent = Math.min(chunk, blob.size);
  const next = Math.min(CHUNK, Math.ceil(sent / 2));
  if (next >= LEAST_CHUNK) return next;
  throw tooLarge(place.session.registry, sent);
}

function tooLarge(registry: string, sent: number): AppError {
  return new AppError('REGISTRY_REFUSED', {
    message: `${registry} finds ${sent} bytes too large for one request (413).`,
    hint: 'Raise the size limit of the registry, or of the proxy in front of it.',
  });
}

/**
 * Stores bytes that are made on the way, and returns what they are. After a break all of them are made again. Throws as
 * uploadBlob does.
 */
export async function uploadNewBlob(
  place: BlobPlace,
  read: () => Pieces,
  { signal, onBytes }: WriteOptions = {},
): Promise<Known> {
  const persistence = createPersistence(place.session, signal);
  const tell = teller(onBytes);
  for (;;) {
    let upload: Upload | undefined;
    try {
      upload = await openUpload(place, signal);
      return await sendNew({ place, read, signal, tell }, upload);
    } catch (error) {
      await cancelUpload(place, upload);
      await persistence.afterFailure(error, 0);
    }
  }
}

async function sendNew(
  { place, read, signal, tell }: Pick<Sending, 'place' | 'signal' | 'tell'> & { readonly read: () => Pieces },
  upload: Upload,
): Promise<Known> {
  const hasher = createHasher('sha256');
  let size = 0;
  const body = createWatchedBody(read, (piece) => {
    hasher.update(piece);
    size += piece.length;
    tell(size);
  });
  const after = await sendPart(place, upload, { body, isWhole: true, signal });
  if (after === 'too large') throw tooLarge(place.session.registry, size);
  const hex = hasher.digest('hex');
  const digest: Digest = { algorithm: 'sha256', hex, text: `sha256:${hex}` };
  await finishUpload(place, after, digest, { length: 0, signal });
  return { digest, size };
}

/** Whether the repository has a blob. */
export async function hasBlob(
  { session, repository }: BlobPlace,
  digest: Digest,
  signal?: AbortSignal,
): Promise<boolean> {
  const to = `/v2/${repository}/blobs/${digest.text}`;
  const answer = await session.ask({ method: 'HEAD', to, needs: [pulls(repository)], signal });
  if (answer.status === 200 || answer.url.origin !== session.origin) {
    await answer.drop();
    return answer.status === 200;
  }
  if (answer.status !== 404) throw await refused(answer, `say whether ${repository} has a blob`);
  await answer.drop();
  return false;
}

/** Counts what is sent again after a break once. */
function teller(onBytes: OnBytes | undefined): Tell {
  let told = 0;
  return (at) => {
    if (at > told) onBytes?.(at - told);
    told = Math.max(told, at);
  };
}
