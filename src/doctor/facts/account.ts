import { randomBytes } from 'node:crypto';
import type { Credential } from '../../images/credentials/credential.ts';
import { makeDescriptor, type Descriptor } from '../../images/model/descriptor.ts';
import { storeManifest } from '../../images/model/manifest.ts';
import { OCI_MANIFEST } from '../../images/model/media-types.ts';
import type { Registry, Repository } from '../../images/store.ts';
import { AppError } from '../../lib/errors.ts';
import { digestOf } from '../../oci/digest.ts';

/** What became of one step: undefined if it was done, else the error, or why it was not tried. */
export type StepResult = { readonly error: AppError } | { readonly untried: string } | undefined;

/** What one account may do, tried with a tiny image that is removed again. */
export interface AccountFacts {
  /** The name that is signed in with; empty for a sign-in that docker stores without it. Undefined where there is none. */
  readonly user: string | undefined;
  readonly signIn: StepResult;
  /** The repository that the image was for. Undefined where none was to be pushed. */
  readonly repository: string | undefined;
  readonly push: StepResult;
  readonly pull: StepResult;
  readonly removal: StepResult;
}

interface AccountOptions {
  readonly registry: Registry;
  readonly credential: Credential | undefined;
  /** Undefined where no image is to be pushed. */
  readonly repository: string | undefined;
}

const EMPTY = 'application/vnd.oci.empty.v1+json';
const ARTIFACT = 'application/vnd.registry-gate.doctor.v1';

/** Signs in, then pushes, pulls and removes a tiny image if it can be removed. Rejects only for what is no AppError. */
export async function tryAccount({
  registry,
  credential,
  repository,
}: AccountOptions): Promise<AccountFacts> {
  const user = credential === undefined ? undefined : credential.kind === 'password' ? credential.user : '';
  const signIn = await attempt(() => registry.signIn());
  const untried = { untried: signIn === undefined ? 'not wanted (--no-push)' : 'there is no sign-in' };
  const none = { user, signIn, repository, push: untried, pull: untried, removal: untried };
  if (signIn !== undefined || repository === undefined) return none;
  return { ...none, ...(await tryImage(registry.repository(repository))) };
}

type Steps = Pick<AccountFacts, 'push' | 'pull' | 'removal'>;

async function tryImage(repository: Repository): Promise<Steps> {
  // A digest that nobody has: the answer tells whether removal is allowed, and removes nothing.
  const unknown = digestOf('sha256', randomBytes(32)).text;
  let answer: Awaited<ReturnType<Repository['deleteManifest']>> | undefined;
  const asked = await attempt(async () => {
    answer = await repository.deleteManifest(unknown);
  });
  if (asked !== undefined)
    return untriedSteps('what is pushed could not be removed: this account may not', asked);
  if (answer === 'unsupported')
    return untriedSteps('what is pushed could not be removed: the registry deletes nothing');
  const image = makeImage();
  const push = await attempt(async () => {
    await repository.putBlob(image.blob, () => image.pieces());
    await repository.putManifest(image.manifest, [image.tag]);
  });
  const pull = push === undefined ? await attempt(() => readBack(repository, image)) : skippedBy('push');
  const removal = await attempt(() => remove(repository, image));
  return { push, pull, removal: push === undefined ? removal : skippedBy('push') };
}

function untriedSteps(reason: string, removal: StepResult = { untried: reason }): Steps {
  return { push: { untried: reason }, pull: { untried: reason }, removal };
}

function skippedBy(step: string): StepResult {
  return { untried: `there is nothing without the ${step}` };
}

/** An image of one blob, which is its config and its layer. */
interface TinyImage {
  readonly tag: string;
  readonly blob: Descriptor;
  readonly pieces: () => AsyncGenerator<Uint8Array>;
  readonly manifest: ReturnType<typeof storeManifest>;
}

/** Nobody else has its bytes: removing it takes no blob of another image along. */
function makeImage(): TinyImage {
  const mark = randomBytes(16).toString('hex');
  const content = Buffer.from(JSON.stringify({ 'registry-gate doctor': mark }));
  const digest = digestOf('sha256', content);
  const blob = makeDescriptor({ mediaType: EMPTY, digest, size: content.length });
  const one = { mediaType: EMPTY, digest: digest.text, size: content.length };
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: ARTIFACT,
    config: one,
    layers: [one],
  };
  const manifest = storeManifest(Buffer.from(JSON.stringify(document)), OCI_MANIFEST);
  const pieces = async function* pieces(): AsyncGenerator<Uint8Array> {
    yield content;
  };
  return { tag: `doctor-${mark}`, blob, pieces, manifest };
}

async function readBack(repository: Repository, { tag, blob }: TinyImage): Promise<void> {
  const found = await repository.readManifest(tag);
  if (found === undefined)
    throw new AppError('IMAGE_UNKNOWN', {
      message: `${repository.label}:${tag} was pushed, and is not there.`,
    });
  // The digest is compared as it is read.
  for await (const piece of repository.readBlob(blob)) void piece;
}

async function remove(repository: Repository, { blob, manifest }: TinyImage): Promise<void> {
  await repository.deleteManifest(manifest.digest.text);
  await repository.deleteBlob(blob.digest);
}

async function attempt(action: () => Promise<unknown>): Promise<StepResult> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return { error };
    throw error;
  }
}
