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

/** How well a name that was asked for fits one of the archive: as it stands, completed by docker's rules, or by its tag. */
export function fits(asked: string, name: string): 'exactly' | 'completed' | 'by tag' | 'not' {
  if (asked === name) return 'exactly';
  const full = fullName(name);
  if (full !== undefined && full === fullName(asked)) return 'completed';
  return full !== undefined && full.endsWith(`:${asked}`) && !asked.includes(':') ? 'by tag' : 'not';
}

/** Picks the entry that a name means: the best fit, and only if there is one of that kind. Undefined if there is none. */
export function pickByName<T>(
  entries: readonly T[],
  asked: string,
  namesOfEntry: (entry: T) => readonly string[],
): T | undefined {
  for (const wanted of ['exactly', 'completed', 'by tag']) {
    const found = entries.filter((entry) => namesOfEntry(entry).some((name) => fits(asked, name) === wanted));
    if (found.length > 0) return wanted === 'by tag' && found.length > 1 ? undefined : found.at(-1);
  }
  return undefined;
}
