/** What `--fix` can do about a finding: only what drops no data and asks nothing anew of clients. */
export type Fix =
  | { readonly kind: 'trust'; readonly client: string }
  | { readonly kind: 'mode'; readonly paths: readonly string[]; readonly mode: number }
  | { readonly kind: 'renew' };

/** The result of one check, as it is printed on one line. */
export interface Check {
  /** For programs; it stays the same from release to release: `chain`, `trust.docker`. */
  readonly id: string;
  /** `skipped`: it could not be looked at, or does not matter here; `why` says which. */
  readonly verdict: 'fine' | 'wrong' | 'skipped';
  /** What was looked at, in a few words. */
  readonly what: string;
  /** What was found, as one sentence without its full stop. */
  readonly why: string;
  /** The command that cures it, for a POSIX shell. Where it is to be typed on another machine, `why` says so. */
  readonly cure?: string;
  readonly fix?: Fix;
}

type Subject = Pick<Check, 'id' | 'what'>;

/** A check that found nothing to do. */
export function fine(subject: Subject, why: string): Check {
  return { ...subject, verdict: 'fine', why };
}

/** A check that was not made, or whose result does not matter here. */
export function skipped(subject: Subject, why: string): Check {
  return { ...subject, verdict: 'skipped', why };
}

/** A check that found a fault, and the command that cures it. */
export function wrong(subject: Subject, why: string, cure: string, fix?: Fix): Check {
  return { ...subject, verdict: 'wrong', why, cure, ...(fix === undefined ? {} : { fix }) };
}

/** A command that only root may run, as this user types it. */
export function asRoot(command: string, isRoot: boolean): string {
  return isRoot ? command : `sudo ${command}`;
}
