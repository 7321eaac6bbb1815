import type { Action } from '../oci/request/request.ts';
import type { Access } from '../oci/request/scope.ts';

/** What a token may do by itself: each entry allows its actions in the repositories that its patterns match. */
export type TokenScope = readonly ScopeEntry[];

export interface ScopeEntry {
  /** Patterns as in the access file, those with a leading `!` included. */
  readonly repositories: readonly string[];
  readonly allow: readonly Action[];
}

/** Who asks. */
export type Identity = Asker & {
  /**
   * What the Bearer token was given out for, by which they are known: of their rights it opens these. Undefined for
   * those who came with a password, or with nothing.
   */
  readonly within?: readonly Access[] | undefined;
};

type Asker =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly user: string }
  /** A scope is all that the token may do; without one it has the rights that the rules give its name. */
  | { readonly kind: 'token'; readonly name: string; readonly scope: TokenScope | undefined };

/** Whom a rule is for. */
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
  // No name holds a colon: it ends the name at sign-in.
  const name = text.slice(mark + 1);
  if (name === '' || name.includes(':')) return undefined;
  return kind === 'user' || kind === 'group' || kind === 'token' ? { kind, name } : undefined;
}

/** The inverse of `parseWho`, and what rules are filed under. */
export function renderWho(who: Who): string {
  return 'name' in who ? `${who.kind}:${who.name}` : who.kind;
}

/**
 * The asker that a text stands for in an expectation and in `access check`: a user, a token without a scope, `anonymous`,
 * or `authenticated`, which is a user of whom no rule knows. Undefined for anything else, groups included.
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

/** What to call an asker in a sentence. */
export function nameAsker(identity: Identity): string {
  if (identity.kind === 'anonymous') return 'anonymous';
  if (identity.kind === 'token') return `token:${identity.name}`;
  return identity.user === '' ? 'authenticated' : identity.user;
}
