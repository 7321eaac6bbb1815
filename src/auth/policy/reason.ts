import type { Action } from '../../oci/request/parse.ts';

/** What allows an action. */
export type Right =
  /** A rule: `access.yml:7`. */
  | { readonly kind: 'rule'; readonly where: string }
  /** Without an access file. */
  | { readonly kind: 'every'; readonly who: 'user' | 'token' }
  /** The scope of a token: `ci`. */
  | { readonly kind: 'scope'; readonly token: string };

/** Why a rule that names the principal and the repository does not allow the action. */
export type Miss =
  | { readonly kind: 'excluded'; readonly pattern: string }
  | { readonly kind: 'actions'; readonly allow: readonly Action[] }
  | { readonly kind: 'networks'; readonly networks: readonly string[] };

const SCOPE = 'the scope of token:';
const EVERY = 'every ';

/** Renders a right for logs and commands: `access.yml:7`, `every user`, `the scope of token:ci`. */
export function renderRight(right: Right): string {
  switch (right.kind) {
    case 'rule':
      return right.where;
    case 'every':
      return `${EVERY}${right.who}`;
    case 'scope':
      return `${SCOPE}${right.token}`;
  }
}

/** The inverse of `renderRight`, for lines of a log. Any other text counts as the place of a rule. */
export function parseRight(text: string): Right {
  if (text.startsWith(SCOPE)) return { kind: 'scope', token: text.slice(SCOPE.length) };
  const who = text.startsWith(EVERY) ? text.slice(EVERY.length) : undefined;
  return who === 'user' || who === 'token' ? { kind: 'every', who } : { kind: 'rule', where: text };
}

/** Renders a miss so that it continues the place of the rule as a sentence: `allows only pull`. */
export function renderMiss(miss: Miss): string {
  switch (miss.kind) {
    case 'excluded':
      return `takes it out with !${miss.pattern}`;
    case 'actions':
      return `allows only ${miss.allow.join(' and ')}`;
    case 'networks':
      return `is only for clients in ${miss.networks.join(', ')}`;
  }
}
