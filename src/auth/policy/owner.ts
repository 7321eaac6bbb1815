import type { Principal } from '../principal.ts';
import type { Policy } from './policy.ts';
import { ruleKeys } from './right.ts';

/**
 * Reports whether a principal owns the gate: sees its users, its activity and its health. Without an access file every
 * user does, as every user may do everything then; with one, those that it names. Machines never do.
 */
export function isOwner(policy: Policy, principal: Principal): boolean {
  if (principal.kind !== 'user') return false;
  return policy.kind === 'open' || ruleKeys(policy, principal).some((key) => policy.owners.has(key));
}
