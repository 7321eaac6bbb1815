import { join } from 'node:path';
import { registryName, type StoreContent, type TrustRequest } from '../store.ts';

type Shared = NonNullable<StoreContent['shared']>[number];

/** Sets environment variables in the shells of all users, or in those of one: the part of each program is a block of its own. */
export function inProfile(
  program: string,
  { endpoint, machine }: TrustRequest,
  variables: readonly (readonly [string, string])[],
): Shared {
  return {
    path: machine.isRoot
      ? join(machine.root, 'etc/profile.d/registry-gate.sh')
      : join(machine.home, '.profile'),
    part: {
      kind: 'block',
      name: `${program} ${registryName(endpoint)}`,
      content: variables.map(([name, value]) => `export ${name}='${value}'\n`).join(''),
    },
  };
}

/** Who gets to see variables of the profile. */
export function profileNote(variables: string): string {
  return `Shells that log in from now on have ${variables}. A service does not read the profile: give it the same as Environment= in its unit.`;
}
