import { fieldsOf, type AuditFields } from './log/chain.ts';

/** Which lines to show: those that match all criteria. */
export interface Filter {
  /** As in the log: `alice`, `token:ci`. */
  readonly user?: string | undefined;
  /** A name, or a prefix of names followed by `/**`. */
  readonly repository?: string | undefined;
  /** Milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly actions?: readonly string[] | undefined;
  /** Reports whether to show an event with this result. */
  readonly wants?: ((event: string, result: string) => boolean) | undefined;
}

/** Returns a function that parses a line if it matches. It skips most other lines without parsing them. */
export function createLineFilter(filter: Filter): (bytes: Buffer) => AuditFields | undefined {
  const needles = needlesOf(filter);
  return (bytes) => {
    if (needles.some((needle) => !bytes.includes(needle))) return undefined;
    const fields = fieldsOf(bytes);
    return fields !== undefined && fits(fields, filter) ? fields : undefined;
  };
}

/** Returns texts that every matching line contains. */
function needlesOf({ user, repository }: Filter): readonly Buffer[] {
  const texts = [
    user === undefined ? undefined : JSON.stringify(user),
    repository === undefined ? undefined : `"${repository.replace(/\*\*$/, '')}`,
  ];
  return texts.filter((text) => text !== undefined).map((text) => Buffer.from(text));
}

function fits(fields: AuditFields, { user, repository, since, until, actions, wants }: Filter): boolean {
  if (user !== undefined && fields['user'] !== user) return false;
  if (actions !== undefined && !actions.includes(String(fields['event']))) return false;
  if (wants !== undefined && !wants(String(fields['event']), String(fields['result']))) return false;
  if (repository !== undefined && !isIn(repository, fields['repository'])) return false;
  return isWithin(fields['time'], since, until);
}

function isWithin(time: unknown, since: number | undefined, until: number | undefined): boolean {
  if (since === undefined && until === undefined) return true;
  const moment = Date.parse(String(time));
  return moment >= (since ?? -Infinity) && moment <= (until ?? Infinity);
}

function isIn(wanted: string, repository: unknown): boolean {
  if (typeof repository !== 'string') return false;
  return wanted.endsWith('/**') ? repository.startsWith(wanted.slice(0, -2)) : repository === wanted;
}
