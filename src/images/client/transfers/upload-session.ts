import { AppError } from '../../../lib/errors.ts';
import { parseDigest, type Digest } from '../../../oci/digest.ts';
import { ownAddress } from '../session/redirects.ts';
import { refused } from '../session/refused.ts';
import { PASSING_STATUS } from '../session/ask-again.ts';
import type { Ask } from '../session/session.ts';
import { TryAgain } from '../session/try-again.ts';
import { pulls, pushes, type Need } from '../sign-in/access.ts';
import type { Answer } from '../wire/answer.ts';
import { readProblem } from '../wire/problem.ts';
import { mismatch, type BlobPlace } from './download.ts';
import type { SentBody } from './sent-body.ts';

/** An upload that the registry has begun (distribution-spec: "Pushing Blobs"). */
export interface Upload {
  readonly location: URL;
  /** How many bytes it holds. */
  readonly at: number;
}

const STREAM = 'application/octet-stream';
const CANCEL_MS = 5000;

/** Begins an upload. */
export async function openUpload(place: BlobPlace, signal: AbortSignal | undefined): Promise<Upload> {
  const { repository } = place;
  const answer = await postUpload(place, '', [pushes(repository)], signal);
  if (answer.status !== 202) throw await refused(answer, `take an upload to ${repository}`);
  await answer.drop();
  return next(answer, 0);
}

/**
 * Mounts a blob of another repository, then undefined. Returns the upload that the registry begins instead; if it refuses
 * to mount, as where one may push here and not pull there, one that it is asked for.
 */
export async function mountOrOpen(
  place: BlobPlace,
  { digest, from }: { readonly digest: Digest; readonly from: string },
): Promise<Upload | undefined> {
  const query = `?mount=${digest.text}&from=${encodeURIComponent(from)}`;
  const needs = [pushes(place.repository), pulls(from)];
  const answer = await postUpload(place, query, needs).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'SIGN_IN_FAILED') return undefined;
    throw error;
  });
  await answer?.drop();
  if (answer?.status === 201) return undefined;
  return answer?.status === 202 ? next(answer, 0) : openUpload(place, undefined);
}

async function postUpload(
  { session, repository }: BlobPlace,
  query: string,
  needs: readonly Need[],
  signal?: AbortSignal,
): Promise<Answer> {
  return session.ask({
    method: 'POST',
    to: `/v2/${repository}/blobs/uploads/${query}`,
    needs,
    headers: { 'content-length': '0' },
    signal,
  });
}

/** Sends a part of a blob: a whole one, or from where the upload is. `length` is undefined for a stream of unknown length. */
export async function sendPart(
  place: BlobPlace,
  { location, at }: Upload,
  part: {
    readonly body: SentBody;
    readonly length?: number;
    readonly isWhole: boolean;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Upload | 'too large'> {
  const { length, isWhole } = part;
  const range = length === undefined || isWhole ? {} : { 'content-range': `${at}-${at + length - 1}` };
  const size = length === undefined ? {} : { 'content-length': String(length) };
  const answer = await send(place, part, {
    method: 'PATCH',
    to: location,
    headers: { 'content-type': STREAM, ...range, ...size },
  });
  if (answer.status === 413) {
    await answer.drop();
    return 'too large';
  }
  if (![202, 201, 204].includes(answer.status)) throw await failed(answer, place);
  await answer.drop();
  return next(answer, length === undefined ? 0 : at + length);
}

/** Ends an upload. The registry compares the digest. */
export async function finishUpload(
  place: BlobPlace,
  { location }: Upload,
  digest: Digest,
  part: { readonly body?: SentBody; readonly length: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const to = new URL(location);
  to.search = `${to.search === '' ? '?' : `${to.search}&`}digest=${digest.text}`;
  const answer = await send(place, part, {
    method: 'PUT',
    to,
    headers: { 'content-type': STREAM, 'content-length': String(part.length) },
  });
  if (![201, 200, 204].includes(answer.status)) throw await failed(answer, place, digest);
  await answer.drop();
  const stated = parseDigest(answer.header('docker-content-digest') ?? '');
  if (stated !== undefined && stated.algorithm === digest.algorithm && stated.hex !== digest.hex)
    throw mismatch({ digest }, `the registry stored it as ${stated.text}`);
}

/** Asks how much of an upload has arrived. Undefined if the registry does not say, or has forgotten it. */
export async function uploadStatus(
  { session, repository }: BlobPlace,
  { location }: Upload,
  signal: AbortSignal | undefined,
): Promise<Upload | undefined> {
  const answer = await session.ask({ method: 'GET', to: location, needs: [pushes(repository)], signal });
  await answer.drop();
  if (![204, 202, 200].includes(answer.status)) return undefined;
  if (answer.header('range') === undefined) {
    // What it holds can't be known, and what is sent now would be appended to that.
    await cancelUpload({ session, repository }, { location, at: 0 });
    return undefined;
  }
  return next(answer, 0, location);
}

/** Gives up an upload, so that the registry need not keep it. Never throws. */
export async function cancelUpload(
  { session, repository }: BlobPlace,
  upload: Upload | undefined,
): Promise<void> {
  if (upload === undefined) return;
  const signal = AbortSignal.timeout(CANCEL_MS);
  try {
    const answer = await session.ask({
      method: 'DELETE',
      to: upload.location,
      needs: [pushes(repository)],
      signal,
    });
    await answer.drop();
  } catch {
    // The registry drops what nobody ends.
  }
}

async function send(
  { session, repository }: BlobPlace,
  { body, signal }: { readonly body?: SentBody; readonly signal?: AbortSignal | undefined },
  request: Pick<Ask, 'method' | 'to' | 'headers'>,
): Promise<Answer> {
  try {
    const stream = body === undefined ? {} : { body: body.pieces };
    return await session.ask({ ...request, ...stream, needs: [pushes(repository)], signal });
  } catch (error) {
    throw body?.failure() ?? error;
  }
}

async function failed(answer: Answer, { repository }: BlobPlace, digest?: Digest): Promise<Error> {
  const { status } = answer;
  const retryAfter = answer.header('retry-after');
  if (digest !== undefined && status === 400) {
    const { code, text } = await readProblem(answer);
    if (/DIGEST|SIZE/.test(code)) return mismatch({ digest }, `the registry says ${text}`);
  }
  const refusal = await refused(answer, `take a blob for ${repository}`);
  // 404 and 416: what it knows of the upload is not what we know. Its status tells.
  return PASSING_STATUS.has(status) || status === 404 || status === 416
    ? new TryAgain(refusal, retryAfter)
    : refusal;
}

/** Where the upload goes on. `Range` has the last byte that arrived, which is 0 for none too. */
function next(answer: Answer, at: number, location?: URL): Upload {
  const stated = answer.header('location');
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(answer.header('range') ?? '') ?? [];
  const arrived = last === undefined ? at : last === '0' ? 0 : Number(last) + 1;
  return {
    location: stated === undefined ? (location ?? answer.url) : ownAddress(stated, answer.url),
    at: arrived,
  };
}
