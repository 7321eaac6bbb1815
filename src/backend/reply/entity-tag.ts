import type { Digest } from '../../oci/digest.ts';

/** The entity tag of what a digest names: distribution's. */
export function etagOf({ text }: Digest): string {
  return `"${text}"`;
}

/** Whether one of the entity tags of a condition is that of this content. */
export function matches(condition: string | undefined, digest: Digest): boolean {
  if (condition === undefined) return false;
  const tags = condition.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etagOf(digest)) || tags.includes(digest.text);
}
