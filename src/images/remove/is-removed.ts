import type { Repository } from '../store.ts';

/**
 * Whether a deletion was one. A registry or a proxy may answer 404 where the right or the route is missing: then what was
 * to be deleted is still there.
 */
export async function isRemoved(
  repository: Repository,
  reference: string,
  answer: 'deleted' | 'missing' | 'unsupported',
): Promise<boolean> {
  if (answer === 'missing') return (await repository.findManifest(reference)) === undefined;
  return answer === 'deleted';
}
