import type { Principal } from '../../auth/principal.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { findRight } from '../../auth/policy/right.ts';
import type { Access } from '../../oci/request/scope.ts';
import { isAction } from '../../oci/request/parse.ts';

/** Returns the part of the requested access that the rules grant. Every principal but an anonymous one gets the catalog, which is filtered for each. */
export function grantedAccess(
  policy: Policy,
  principal: Principal,
  asked: readonly Access[],
  address: string,
): readonly Access[] {
  return asked.map(({ type, name, actions }) => ({
    type,
    name,
    actions: actions.filter((action) =>
      type === 'repository'
        ? isAction(action) &&
          findRight(policy, principal, { action, repository: name }, address) !== undefined
        : principal.kind !== 'anonymous',
    ),
  }));
}
