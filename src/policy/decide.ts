import type { RegistryRequest } from '../registry/request.ts';

/** Who asks. */
export type Identity = { readonly kind: 'anonymous' } | { readonly kind: 'user'; readonly user: string };

export type Decision =
  | { readonly allowed: true; readonly rule: string }
  /** Nobody has said who they are: the answer is a challenge and not a refusal. */
  | { readonly allowed: false; readonly because: 'unknown' };

/**
 * May they? `request` is undefined where the path is none of the registry's: knowing even that is for users. Without an access file every user may do everything, as in the book, and nobody else may do anything.
 */
export function decide(identity: Identity, _request: RegistryRequest | undefined): Decision {
  return identity.kind === 'user'
    ? { allowed: true, rule: 'every user' }
    : { allowed: false, because: 'unknown' };
}
