import type { UserDirectory } from '../../../auth/directory.ts';
import type { Weakness } from '../../../auth/passwords/weakness.ts';
import type { Policy } from '../../../auth/policy/policy.ts';
import type { Principal } from '../../../auth/principal.ts';
import { parsePrincipal } from '../../../auth/policy/who.ts';
import type { Sessions } from '../../../auth/sessions/sessions.ts';
import type { OwnTokens } from '../../../auth/tokens/own-tokens.ts';
import { isAlive } from '../../../auth/tokens/store/machine-token.ts';
import type { IdentityStore } from '../../../auth/tokens/store/identity-store.ts';
import type { createVisible } from '../../request/visible.ts';
import type { NoteAct } from '../../request/note-act.ts';

/** A user, without the hash of the password. */
export interface ListedUser {
  readonly name: string;
  /** `bcrypt`, `apr1`. */
  readonly scheme: string;
  /** Why the hash should be replaced; undefined for a strong one. */
  readonly weakness: Weakness | undefined;
}

/** What the pages about users read and change. */
export interface UsersOptions {
  readonly see: ReturnType<typeof createVisible>;
  readonly policy: () => Policy;
  readonly users: () => readonly ListedUser[];
  readonly directory: Pick<UserDirectory, 'groups'>;
  readonly machines: Pick<OwnTokens, 'all' | 'end'>;
  /** Undefined where devices get no identity tokens. */
  readonly devices: Pick<IdentityStore, 'ofUser' | 'revoke'> | undefined;
  readonly sessions: Pick<Sessions, 'ofUser' | 'end' | 'endAll'>;
  readonly noteAct: NoteAct;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The groups of a user, of the access file and of the directory. */
export function groupsOf(
  { policy, directory }: Pick<UsersOptions, 'policy' | 'directory'>,
  user: string,
): readonly string[] {
  const current = policy();
  const named = current.kind === 'rules' ? (current.groupsOf.get(user) ?? []) : [];
  return [...new Set([...named.map((key) => key.replace(/^group:/, '')), ...directory.groups(user)])];
}

/** Reads who is asked about: a user with groups, or the newest living token of a name. Undefined for any other text. */
export function findPrincipal(options: UsersOptions, text: string): Principal | undefined {
  const principal = parsePrincipal(text);
  if (principal?.kind === 'user')
    return { ...principal, groups: principal.name === '' ? [] : options.directory.groups(principal.name) };
  if (principal?.kind !== 'machine') return principal;
  const alive = options.machines
    .all()
    .filter((token) => token.name === principal.name && isAlive(token, options.now()));
  const newest = alive.at(-1);
  const { scope, maker } = newest ?? {};
  return {
    ...principal,
    scope: scope ?? undefined,
    ...(maker === undefined ? {} : { maker: { name: maker, groups: options.directory.groups(maker) } }),
  };
}
