import type { OwnerOptions } from '../../pages/owner/owner.ts';
import type { SignIn } from '../../pages/owner/activity/known.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { UserDirectory } from '../../auth/directory.ts';
import type { Sessions } from '../../auth/sessions/sessions.ts';
import type { Tokens } from '../../auth/tokens/open-tokens.ts';
import type { Lockouts } from '../auth/throttling.ts';
import type { Audit } from '../observe/audit.ts';
import { openHealth, type Health, type HealthOptions } from './health.ts';

/** The parts of a gate that its owners see on the pages. */
export interface OwnerParts extends Omit<HealthOptions, 'config'> {
  readonly users: { list(): ReturnType<OwnerOptions['users']> };
  readonly directory: UserDirectory;
  readonly tokens: Pick<Tokens, 'own' | 'devices'>;
  readonly sessions: Sessions;
  readonly lockouts: Lockouts | undefined;
  readonly audit: Pick<Audit, 'noteOwner'> | undefined;
}

/** What the pages of owners need. `follow` gives them the connections once there are any. */
export function openOwner(
  config: HealthOptions['config'] & Pick<Config, 'audit'>,
  parts: OwnerParts,
): Omit<OwnerOptions, 'see' | 'policy'> & Pick<Health, 'follow'> {
  const { users, directory, tokens, sessions, lockouts, audit } = parts;
  const health = openHealth({ config, ...parts });
  return {
    users: () => users.list(),
    directory,
    machines: tokens.own,
    devices: tokens.devices,
    sessions,
    signIns: (most) => newestSignIns(parts, most),
    lockouts,
    auditFile: config.audit.file,
    noteAct: (act) => audit?.noteOwner(act),
    health: () => health.read(),
    follow: (connections) => health.follow(connections),
    now: () => Date.now(),
  };
}

/** The browsers and devices that signed in last, the newest first. */
async function newestSignIns(
  { sessions, tokens: { devices } }: Pick<OwnerParts, 'sessions' | 'tokens'>,
  most: number,
): Promise<readonly SignIn[]> {
  const browsers = (await sessions.newest(most)).map((it) => signIn('browser', it, it.agent));
  const ofDevices = (devices?.newest(most) ?? []).map((it) =>
    signIn('device', it, [it.client, it.agent].filter(Boolean).join(' · ')),
  );
  return [...browsers, ...ofDevices].toSorted((one, other) => other.at - one.at).slice(0, most);
}

function signIn(
  kind: SignIn['kind'],
  { user, address, created }: { readonly user: string; readonly address: string; readonly created: string },
  agent: string,
): SignIn {
  return { kind, user, address, agent, at: Date.parse(created) };
}
