import type { Identity } from '../../auth/principal.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { findRight } from '../../auth/policy/right.ts';
import type { Access } from '../../oci/request/scope.ts';
import type { Holder } from '../../auth/tokens/store/holder.ts';
import { isAction } from '../../auth/tokens/store/machine-token.ts';
import type { MachineToken } from '../../auth/tokens/store/machine-token.ts';

/** Who asks, for the rules; undefined for a machine whose token, `machine`, is gone. `within`: the list of a Bearer token. */
export function toIdentity(
  holder: Holder,
  machine: MachineToken | undefined,
  within: readonly Access[] | undefined,
): Identity | undefined {
  if (holder.kind === 'anonymous') return { kind: 'anonymous', within };
  if (holder.kind === 'user') return { kind: 'user', user: holder.user, within };
  return machine && { kind: 'token', name: holder.name, scope: machine.scope ?? undefined, within };
}

/** What of the asked the rules grant. The catalog is for everybody who has signed in: it is filtered for each. */
export function grantedAccess(
  policy: Policy,
  identity: Identity,
  asked: readonly Access[],
  address: string,
): readonly Access[] {
  return asked.map(({ type, name, actions }) => ({
    type,
    name,
    actions: actions.filter((action) =>
      type === 'repository'
        ? isAction(action) && findRight(policy, identity, { action, repository: name }, address) !== undefined
        : identity.kind !== 'anonymous',
    ),
  }));
}
