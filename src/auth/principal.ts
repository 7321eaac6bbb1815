import type { Action } from '../oci/request/request.ts';
import type { Access } from '../oci/request/scope.ts';

/** The rights of a token itself: each entry allows its actions in the repositories that its patterns match. */
export type TokenScope = readonly ScopeEntry[];

export interface ScopeEntry {
  /** Patterns as in the access file, including those with a leading `!`. */
  readonly repositories: readonly string[];
  readonly allow: readonly Action[];
}

/** The client of a request. */
export type Identity = Asker & {
  /**
   * The access of the Bearer token that identified the client. It limits the client's rights to these. Undefined for
   * clients with a password and for anonymous ones.
   */
  readonly within?: readonly Access[] | undefined;
};

type Asker =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly user: string }
  /** With a scope, that is all the token may do. Without one, it has the rights that the rules give its name. */
  | { readonly kind: 'token'; readonly name: string; readonly scope: TokenScope | undefined };

/** The subject of a rule. */
export type Who =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'token'; readonly name: string };

/** Reads `alice`, `user:alice`, `group:dev`, `token:ci`, `authenticated`, `anonymous`; undefined for anything else. */
export function parseWho(text: string): Who | undefined {
  if (text === 'anonymous' || text === 'authenticated') return { kind: text };
  const mark = text.indexOf(':');
  const kind = mark < 0 ? 'user' : text.slice(0, mark);
  // No user name holds a colon: at sign-in it ends the name.
  const name = text.slice(mark + 1);
  if (name === '' || name.includes(':')) return undefined;
  return kind === 'user' || kind === 'group' || kind === 'token' ? { kind, name } : undefined;
}

/** The inverse of `parseWho`. The rule index uses it as key. */
export function renderWho(who: Who): string {
  return 'name' in who ? `${who.kind}:${who.name}` : who.kind;
}

/**
 * Parses the subject of an expectation and of `access check`: a user, a token without a scope, `anonymous`, or
 * `authenticated`, which is a user that no rule names. Undefined for anything else, groups included.
 */
export function parseAsker(text: string): Identity | undefined {
  const who = parseWho(text);
  switch (who?.kind) {
    case 'anonymous':
      return { kind: 'anonymous' };
    case 'authenticated':
      return { kind: 'user', user: '' };
    case 'user':
      return { kind: 'user', user: who.name };
    case 'token':
      return { kind: 'token', name: who.name, scope: undefined };
    default:
      return undefined;
  }
}

/** Returns the name of a client in a sentence. */
export function nameAsker(identity: Identity): string {
  if (identity.kind === 'anonymous') return 'anonymous';
  if (identity.kind === 'token') return `token:${identity.name}`;
  return identity.user === '' ? 'authenticated' : identity.user;
}
