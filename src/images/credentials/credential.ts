import type { Secret } from '../../lib/secret.ts';

/** What proves to a registry who asks. */
export type Credential =
  | { readonly kind: 'password'; readonly user: string; readonly password: Secret<string> }
  /** What `docker login` stores in place of a password, for registries that issue such (OAuth 2 refresh token). */
  | { readonly kind: 'identity'; readonly token: Secret<string> };

/** Finds the credential for a repository of a registry; undefined if there is none. The repository may be empty. */
export type FindCredential = (registry: string, repository: string) => Promise<Credential | undefined>;
