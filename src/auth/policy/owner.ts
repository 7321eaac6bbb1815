import type { Principal } from '../principal.ts';
import type { Policy } from './policy.ts';

/**
 * Reports whether a principal owns the gate: sees its users, its activity and its health. Without an access file every
 * user does, as every user may do everything then. Machines never do.
 */
export function isOwner(policy: Policy, principal: Principal): boolean {
  return policy.kind === 'open' && principal.kind === 'user';
}
