import { AppError } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { copyImage } from '../copy/copy-image.ts';
import type { CopyRequest } from '../copy/request/copy-request.ts';
import type { StoredManifest } from '../model/manifest.ts';
import type { ImageTarget, Repository } from '../store.ts';

/** Gives an image of a repository another tag. Returns what the tag named before, which is undefined for a new tag. */
export async function tagImage(
  repository: Pick<ImageTarget, 'readManifest' | 'putManifest'>,
  manifest: StoredManifest,
  tag: string,
): Promise<Digest | undefined> {
  const before = await repository.readManifest(tag);
  await repository.putManifest(manifest, [tag]);
  return before?.digest;
}

type TagRequest = Pick<CopyRequest, 'source' | 'reference' | 'host' | 'signal'>;

/**
 * Gives an image a tag in another repository of its registry, which takes its layers over. Returns what the tag named
 * before. Throws AppError REGISTRY_REFUSED if the registry wants layers to be sent: then nothing is tagged.
 */
export async function tagImageIn(
  repository: Repository,
  tag: string,
  request: TagRequest,
): Promise<Digest | undefined> {
  const before = await repository.readManifest(tag);
  const refuse = (): Promise<never> => Promise.reject(notMounted(request, `${repository.label}:${tag}`));
  const target: ImageTarget = { ...repository, putBlob: refuse, putNewBlob: refuse };
  try {
    await copyImage({ ...request, target, names: [tag] });
  } finally {
    await repository.close();
  }
  return before?.digest;
}

function notMounted({ source, reference }: TagRequest, target: string): AppError {
  const name = `${source.label}${reference.includes(':') ? '@' : ':'}${reference}`;
  return new AppError('REGISTRY_REFUSED', {
    message: `${source.origin?.registry ?? source.label} does not take layers over from ${source.label}, or not for you, and a tag alone moves none.`,
    hint: `Send them: registry-gate images copy ${name} ${target}`,
  });
}
