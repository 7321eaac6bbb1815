import type { Principal } from '../principal.ts';

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
 * Parses the subject of an expectation and of `access check`: a user, a machine without a scope, `anonymous`, or
 * `authenticated`, which is a user that no rule names. Undefined for anything else, groups included.
 */
export function parsePrincipal(text: string): Principal | undefined {
  const who = parseWho(text);
  switch (who?.kind) {
    case 'anonymous':
      return { kind: 'anonymous' };
    case 'authenticated':
      return { kind: 'user', name: '' };
    case 'user':
      return { kind: 'user', name: who.name };
    case 'token':
      return { kind: 'machine', name: who.name, scope: undefined };
    default:
      return undefined;
  }
}
