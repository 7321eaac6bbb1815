import type { Digest } from '../../oci/digest.ts';

/** Returns the entity tag of a digest, as distribution writes it. */
export function etagOf({ text }: Digest): string {
  return `"${text}"`;
}

/** Reports whether a condition holds the entity tag of this content. */
export function matches(condition: string | undefined, digest: Digest): boolean {
  if (condition === undefined) return false;
  const tags = condition.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etagOf(digest)) || tags.includes(digest.text);
}
