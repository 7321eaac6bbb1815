import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../lib/files/exists.ts';
import type { ClientMachine } from './stores/store.ts';
import { STORES, TRUST_CLIENTS, type TrustClient } from './clients.ts';

/** Whether a client is installed on a machine: one of its programs or paths is there. kaniko, which lives in a container, never is. */
export async function isInstalled(client: TrustClient, machine: ClientMachine): Promise<boolean> {
  const { platforms = ['linux'], signs } = STORES[client];
  if (!platforms.includes(machine.platform)) return false;
  const programs = (signs.programs ?? []).flatMap((program) =>
    machine.programFolders.map((folder) => join(folder, program)),
  );
  const found = await Promise.all([
    ...(signs.paths?.(machine) ?? []).map(exists),
    ...programs.map(isExecutable),
  ]);
  return found.includes(true);
}

/** The clients that are installed on a machine and whose trust store this user can write. */
export async function installedClients(machine: ClientMachine): Promise<readonly TrustClient[]> {
  const found = await Promise.all(TRUST_CLIENTS.map((client) => isInstalled(client, machine)));
  return TRUST_CLIENTS.filter((client, at) => found[at] === true && mayWrite(client, machine));
}

/** Whether this user can write the trust store of a client. Windows tells nothing: there the program itself asks. */
export function mayWrite(client: TrustClient, { isRoot, platform }: ClientMachine): boolean {
  const { writer } = STORES[client];
  return platform === 'win32' || writer === 'both' || (writer === 'root') === isRoot;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
