import { digestOf, parseDigest, type Digest } from '../../../oci/digest.ts';
import { AppError } from '../../../lib/errors.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import {
  MOST_MANIFEST_BYTES,
  parseManifest,
  storeManifest,
  type StoredManifest,
} from '../../model/manifest.ts';
import { MANIFEST_TYPES } from '../../model/media-types.ts';
import { refused } from '../session/refused.ts';
import type { Session } from '../session/session.ts';
import { deletes, pulls, pushes } from '../sign-in/access.ts';
import type { Answer } from '../wire/answer.ts';
import { readProblem } from '../wire/problem.ts';

/** A repository of a registry that one talks to. */
export interface ManifestPlace {
  readonly session: Session;
  readonly repository: string;
}

/** Schema 1 is seen, not copied: it comes last. */
const ACCEPT = [
  ...MANIFEST_TYPES,
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  'application/vnd.docker.distribution.manifest.v1+json',
].join(', ');

/** Reads a manifest by tag or digest. Undefined if there is none. Throws AppError DIGEST_MISMATCH, REGISTRY_REFUSED. */
export async function readManifest(
  place: ManifestPlace,
  reference: string,
): Promise<StoredManifest | undefined> {
  const answer = await ask(place, 'GET', reference);
  if (answer === undefined) return undefined;
  const expected = parseDigest(reference) ?? statedDigest(answer);
  const bytes = await answer.read(MOST_MANIFEST_BYTES, { isJudged: expected !== undefined });
  const stored = storeManifest(bytes, typeOf(answer));
  if (expected === undefined) return stored;
  const actual = expected.algorithm === 'sha256' ? stored.digest : digestOf(expected.algorithm, bytes);
  if (actual.hex !== expected.hex) throw wrongDigest(place, reference, actual);
  // Asked for by another hash function: that is the name it is known by.
  return { ...stored, digest: parseDigest(reference) === undefined ? stored.digest : actual };
}

/** Asks for a manifest without its bytes. Undefined if there is none. */
export async function findManifest(
  place: ManifestPlace,
  reference: string,
): Promise<Pick<Descriptor, 'mediaType' | 'digest' | 'size'> | undefined> {
  const answer = await ask(place, 'HEAD', reference);
  if (answer === undefined) return undefined;
  await answer.drop();
  const digest = parseDigest(reference) ?? statedDigest(answer);
  if (digest !== undefined && answer.status === 200)
    return { mediaType: typeOf(answer), digest, size: answer.length ?? -1 };
  const stored = await readManifest(place, reference);
  return stored && { ...stored, size: stored.bytes.length };
}

/** Stores a manifest by its digest, or under these tags. Throws AppError REGISTRY_REFUSED, DIGEST_MISMATCH. */
export async function putManifest(
  place: ManifestPlace,
  manifest: StoredManifest,
  tags: readonly string[],
): Promise<Answer[]> {
  const answers: Answer[] = [];
  // A tag would name it by its SHA-256, whatever the digest is that others know it by.
  const byDigest = tags.length === 0 || manifest.digest.algorithm !== 'sha256';
  for (const reference of [...(byDigest ? [manifest.digest.text] : []), ...tags])
    answers.push(await put(place, manifest, reference));
  return answers;
}

async function put(place: ManifestPlace, manifest: StoredManifest, reference: string): Promise<Answer> {
  const { session, repository } = place;
  const answer = await session.ask({
    method: 'PUT',
    to: pathOf(repository, reference),
    needs: [pushes(repository)],
    headers: { 'content-type': contentTypeOf(manifest) },
    body: manifest.bytes,
  });
  if (![201, 200, 202, 204].includes(answer.status))
    throw await refused(answer, `store ${nameOf(place, reference)}`);
  await answer.drop();
  const stated = statedDigest(answer);
  if (stated !== undefined && digestOf(stated.algorithm, manifest.bytes).hex !== stated.hex)
    throw wrongDigest(place, reference, stated);
  return answer;
}

/** What lies in an index may say nothing of its type: then it is what its members are. */
function contentTypeOf(manifest: StoredManifest): string {
  return manifest.mediaType === '' ? parseManifest(manifest).mediaType : manifest.mediaType;
}

/** Deletes a manifest by digest, or removes a tag. */
export async function deleteManifest(
  place: ManifestPlace,
  reference: string,
): Promise<'deleted' | 'missing' | 'unsupported'> {
  const { session, repository } = place;
  const answer = await session.ask({
    method: 'DELETE',
    to: pathOf(repository, reference),
    needs: [deletes(repository)],
  });
  if ([200, 202, 204].includes(answer.status)) {
    await answer.drop();
    return 'deleted';
  }
  if (answer.status === 405 || answer.status === 501) {
    await answer.drop();
    return 'unsupported';
  }
  if (answer.status !== 404 && answer.status !== 400)
    throw await refused(answer, `delete ${nameOf(place, reference)}`);
  const { code } = await readProblem(answer);
  if (answer.status === 404 && code !== 'UNSUPPORTED') return 'missing';
  // distribution 2.8 takes a tag for a digest that is malformed.
  return 'unsupported';
}

async function ask(
  place: ManifestPlace,
  method: 'GET' | 'HEAD',
  reference: string,
): Promise<Answer | undefined> {
  const { session, repository } = place;
  const to = pathOf(repository, reference);
  const answer = await session.ask({ method, to, needs: [pulls(repository)], headers: { accept: ACCEPT } });
  if (answer.status === 200 || (method === 'HEAD' && answer.status === 405)) return answer;
  if (answer.status !== 404) throw await refused(answer, `give ${nameOf(place, reference)}`);
  await answer.drop();
  return undefined;
}

function pathOf(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}

function nameOf({ repository }: ManifestPlace, reference: string): string {
  return `${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
}

function typeOf(answer: Answer): string {
  return (answer.header('content-type') ?? '').split(';')[0]?.trim() ?? '';
}

function statedDigest(answer: Answer): Digest | undefined {
  return parseDigest(answer.header('docker-content-digest') ?? '');
}

function wrongDigest({ session, ...place }: ManifestPlace, reference: string, actual: Digest): AppError {
  return new AppError('DIGEST_MISMATCH', {
    message: `What ${session.registry} has as ${nameOf({ session, ...place }, reference)} is ${actual.text}, which is not the digest that it should have.`,
    hint: 'Something changed it on the way, or the registry holds a damaged copy: push the image again.',
  });
}
