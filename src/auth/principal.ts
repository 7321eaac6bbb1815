import type { Action } from '../oci/request/parse.ts';
import type { Access } from '../oci/request/scope.ts';

/** The rights of a token itself: each entry allows its actions in the repositories that its patterns match. */
export type TokenScope = readonly ScopeEntry[];

export interface ScopeEntry {
  /** Patterns as in the access file, including those with a leading `!`. */
  readonly repositories: readonly string[];
  readonly allow: readonly Action[];
}

/** The kind of credential that a client showed. `session`: the cookie of a browser, which opens pages and never the registry API. */
export type Proof = 'password' | 'machine-token' | 'identity-token' | 'access-token' | 'session';

/**
 * Who asks, by what proof, and within what scope. Made by `createPrincipals` for a client, and by `parsePrincipal` for a
 * question about the access rules.
 */
export type Principal = Shown &
  (
    | { readonly kind: 'anonymous' }
    | {
        readonly kind: 'user';
        readonly name: string;
        /** Id of the identity token of the user's device, `d-1f0c9a2b4d`; undefined for a password. */
        readonly tokenId?: string | undefined;
        /** The groups that the directory gives. Those of the access file are the policy's to add. */
        readonly groups?: readonly string[] | undefined;
      }
    | {
        readonly kind: 'machine';
        readonly name: string;
        /** Id of the machine token, `m-1f0c9a2b4d`; undefined in a question about the access rules. */
        readonly tokenId?: string | undefined;
        /** All that the token may do; undefined for the rights that the access rules give its name. */
        readonly scope: TokenScope | undefined;
        /** The user who made the token, if one did: of its scope it may do what this user may do at that moment. */
        readonly maker?: TokenMaker | undefined;
      }
  );

/** A user who made a token for a machine. */
export interface TokenMaker {
  readonly name: string;
  readonly groups: readonly string[];
}

interface Shown {
  /** Undefined where the client showed nothing. */
  readonly proof?: Proof | undefined;
  /** What the access token was given out for: of the principal's rights it opens these. Undefined for any other proof. */
  readonly within?: readonly Access[] | undefined;
}

export const ANONYMOUS: Principal = { kind: 'anonymous' };

/** What begins the account of a machine. No user name holds a colon. */
export const MACHINE_PREFIX = 'token:';

/**
 * The principal as one word: `alice`, `token:ci`, and the empty text for an anonymous one. It is the `sub` of access
 * tokens, the owner of upload sessions, and the user of the logs.
 */
export function accountOf(principal: Principal): string {
  switch (principal.kind) {
    case 'anonymous':
      return '';
    case 'user':
      return principal.name;
    case 'machine':
      return `${MACHINE_PREFIX}${principal.name}`;
  }
}

/**
 * The account that the limits of one user count for, as `accountOf`: of a token that a user made, it is that of the user.
 * Tokens would multiply otherwise what one user may take.
 */
export function chargedOf(principal: Principal): string {
  const maker = principal.kind === 'machine' ? principal.maker : undefined;
  return maker?.name ?? accountOf(principal);
}

/** The principal in a sentence: `alice`, `token:ci`, `anonymous`, or `authenticated` for a user without a name. */
export function principalName(principal: Principal): string {
  return accountOf(principal) || (principal.kind === 'anonymous' ? 'anonymous' : 'authenticated');
}
