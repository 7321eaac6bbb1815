import { isReferrerTag } from '../../tags/referrer-tags.ts';
import type { Descriptor } from '../../model/descriptor.ts';
import { AppError } from '../../../lib/errors.ts';
import { parseImageName, renderImageName } from '../../name/image-name.ts';

/** The tag, or whatever a program took for one (image-spec: "Pre-Defined Annotation Keys"). */
export const REF_NAME = 'org.opencontainers.image.ref.name';
/** The full name, as containerd and docker write it (containerd: images/annotations.go). */
export const FULL_NAME = 'io.containerd.image.name';

/** Returns the names of an entry of an index: the full name if there is one, else the tag. */
export function namesOf({ annotations }: Pick<Descriptor, 'annotations'>): readonly string[] {
  const name = annotations[FULL_NAME] ?? annotations[REF_NAME];
  return name === undefined || name === '' ? [] : [name];
}

/** Returns the name as docker completes it: `alpine:1` is `docker.io/library/alpine:1`. Undefined if it has no tag. */
export function fullName(name: string): string | undefined {
  // A word alone is a tag here, not a repository.
  if (!/[/:]/.test(name)) return undefined;
  try {
    const image = parseImageName(name);
    return image.tag === undefined ? undefined : renderImageName({ ...image, digest: undefined });
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** Whether a name is one of those that nobody gave: a tag, or a full name with a tag, of what belongs to an image. */
export function namesReferrer(name: string): boolean {
  return isReferrerTag(name.slice(name.lastIndexOf(':') + 1));
}

/**
 * Returns the name of what stands in an archive beside an image, under another tag: `app:sha256-....sig` beside `app:1`.
 * The tag alone beside what has no full name.
 */
export function nameBeside(name: string, tag: string): string {
  const full = fullName(name);
  return full === undefined ? tag : `${full.slice(0, full.lastIndexOf(':'))}:${tag}`;
}

/** Whether a name ends in this tag. */
function hasTag(name: string, tag: string): boolean {
  return !tag.includes(':') && fullName(name)?.endsWith(`:${tag}`) === true;
}

/**
 * Picks the entry that a name means: as it stands there, else completed by docker's rules, else the only one with that
 * tag. Of several with the same name the last counts. Undefined if there is none.
 */
export function pickByName<T>(
  entries: readonly T[],
  asked: string,
  namesOfEntry: (entry: T) => readonly string[],
): T | undefined {
  const exact = entries.findLast((entry) => namesOfEntry(entry).includes(asked));
  if (exact !== undefined) return exact;
  const full = fullName(asked);
  if (full !== undefined)
    return entries.findLast((entry) => namesOfEntry(entry).some((name) => fullName(name) === full));
  const tagged = entries.filter((entry) => namesOfEntry(entry).some((name) => hasTag(name, asked)));
  return tagged.length > 1 ? undefined : tagged[0];
}
