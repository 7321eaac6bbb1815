import type { Hash } from 'node:crypto';
import { createHasher, digestOf, type Digest } from '../../../oci/digest.ts';
import { AppError } from '../../../lib/errors.ts';
import { JoinedBytes } from '../../../lib/streams/joined-bytes.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import type { Pieces, ReadOptions } from '../../store.ts';
import { refused } from '../session/refused.ts';
import type { Session } from '../session/session.ts';
import { createPersistence } from '../session/persistence.ts';
import { TryAgain } from '../session/try-again.ts';
import { pulls } from '../sign-in/access.ts';
import type { Answer } from '../wire/answer.ts';

export interface BlobPlace {
  readonly session: Session;
  readonly repository: string;
}

/** Where a download is. */
interface Progress {
  /** The next byte that is wanted. */
  at: number;
}

/**
 * Reads a blob from a byte on, and goes on where a broken connection ended. Throws AppError BLOB_MISSING,
 * DIGEST_MISMATCH if the bytes or their number are others, REGISTRY_REFUSED, REGISTRY_UNREACHABLE.
 */
export async function* download(place: BlobPlace, blob: Descriptor, options: ReadOptions = {}): Pieces {
  const { from = 0, signal } = options;
  const hasher = hasherFor(blob, options);
  const persistence = createPersistence(place.session, signal);
  const progress: Progress = { at: from };
  for (let isWhole = isComplete(blob, from); !isWhole;) {
    try {
      for await (const piece of pieces(place, blob, progress, signal)) {
        hasher?.update(piece);
        yield piece;
      }
      isWhole = true;
      checkEnd(blob, progress.at);
    } catch (error) {
      // All bytes came, and the connection broke before the end of the answer: nothing is left to ask for.
      isWhole = isComplete(blob, progress.at) && place.session.isPassing(error);
      if (!isWhole) await persistence.afterFailure(error, progress.at);
    }
  }
  checkDigest(blob, hasher);
}

/** Whether nothing is left to ask for. An empty blob is asked for all the same: it may be missing. */
function isComplete({ size }: Descriptor, at: number): boolean {
  return size > 0 && at === size;
}

/** Returns nothing if the reader checks the digest itself, or starts in the middle. */
function hasherFor({ digest }: Descriptor, { from = 0, verify = true }: ReadOptions): Hash | undefined {
  return from === 0 && verify ? createHasher(digest.algorithm) : undefined;
}

function checkEnd(blob: Descriptor, at: number): void {
  if (at < blob.size) throw new TryAgain(mismatch(blob, `it ends after ${at} of ${blob.size} bytes`));
}

function checkDigest(blob: Descriptor, hasher: Hash | undefined): void {
  if (hasher !== undefined && hasher.digest('hex') !== blob.digest.hex)
    throw mismatch(blob, 'its bytes are others');
}

/** Reads what one answer gives, from `progress.at` on. */
async function* pieces(
  { session, repository }: BlobPlace,
  blob: Descriptor,
  progress: Progress,
  signal: AbortSignal | undefined,
): Pieces {
  const answer = await askFor({ session, repository }, blob, progress, signal);
  let skip = await startOf(answer, { session, repository }, blob, progress);
  for await (const piece of answer.pieces()) {
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    const wanted = skip === 0 ? piece : piece.subarray(skip);
    skip = 0;
    progress.at += wanted.length;
    if (progress.at > blob.size) throw mismatch(blob, `it has more than ${blob.size} bytes`);
    yield wanted;
  }
}

function askFor(
  { session, repository }: BlobPlace,
  { digest }: Descriptor,
  { at }: Progress,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return session.ask({
    method: 'GET',
    to: `/v2/${repository}/blobs/${digest.text}`,
    needs: [pulls(repository)],
    headers: at === 0 ? {} : { range: `bytes=${at}-` },
    signal,
  });
}

/**
 * Reads a small blob into memory, checked, with one question. What breaks is begun again as `download` does it, and
 * throws the same.
 */
export async function downloadWhole(
  place: BlobPlace,
  blob: Descriptor,
  { signal }: Pick<ReadOptions, 'signal'> = {},
): Promise<Buffer> {
  const start: Progress = { at: 0 };
  try {
    const answer = await askFor(place, blob, start, signal);
    if (answer.status === 200 && answer.length === blob.size)
      return checkWhole(blob, await answer.read(blob.size));
    await startOf(answer, place, blob, start);
    await answer.drop();
  } catch (error) {
    await createPersistence(place.session, signal).afterFailure(error, 0);
  }
  const bytes = new JoinedBytes();
  for await (const piece of download(place, blob, signal === undefined ? {} : { signal })) bytes.add(piece);
  return bytes.join();
}

function checkWhole(blob: Descriptor, bytes: Buffer): Buffer {
  if (digestOf(blob.digest.algorithm, bytes).hex !== blob.digest.hex)
    throw mismatch(blob, 'its bytes are others');
  return bytes;
}

/** Checks an answer, and returns how many bytes of it come before those that are wanted. */
async function startOf(
  answer: Answer,
  { session, repository }: BlobPlace,
  blob: Descriptor,
  { at }: Progress,
): Promise<number> {
  const { status } = answer;
  const isForeign = answer.url.origin !== session.origin;
  if (status === 206) return partStart(answer, blob, at);
  if (status === 200) {
    const { length } = answer;
    if (length !== undefined && length !== blob.size) throw await sizeDiffers(answer, blob, length);
    return at;
  }
  if (status === 404 && !isForeign) throw await missing(answer, repository, blob.digest);
  const refusal = await refused(answer, `give the blob ${blob.digest.text} of ${repository}`);
  // The address of an object store is signed for a while only: the registry gives a new one.
  throw isForeign && [401, 403].includes(status) ? new TryAgain(refusal) : refusal;
}

/** Reads `Content-Range` (RFC 9110 section 14.4). A part may begin before what is wanted, not after it. */
async function partStart(answer: Answer, blob: Descriptor, at: number): Promise<number> {
  const header = answer.header('content-range') ?? '';
  const [, start, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(header) ?? [];
  if (total !== undefined && total !== '*' && Number(total) !== blob.size)
    throw await sizeDiffers(answer, blob, Number(total));
  if (start === undefined || Number(start) > at)
    throw await refused(answer, 'give the part of a layer that was asked for');
  return at - Number(start);
}

async function missing(answer: Answer, repository: string, digest: Digest): Promise<AppError> {
  await answer.drop();
  return new AppError('BLOB_MISSING', {
    message: `${answer.url.host} has no blob ${digest.text} in ${repository}, though a manifest names it.`,
    hint: 'Push the image again, or name a platform that is whole: --platform linux/amd64',
  });
}

async function sizeDiffers(answer: Answer, blob: Descriptor, size: number): Promise<AppError> {
  await answer.drop();
  return mismatch(blob, `it has ${size} bytes in place of ${blob.size}`);
}

export function mismatch({ digest }: Pick<Descriptor, 'digest'>, reason: string): AppError {
  return new AppError('DIGEST_MISMATCH', {
    message: `The blob ${digest.text} is not what its manifest says: ${reason}.`,
    hint: 'Pull it again. If that does not help, the registry holds a damaged copy: push the image again.',
  });
}
