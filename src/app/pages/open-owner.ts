import type { OwnerOptions } from '../../pages/owner/owner.ts';
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
    lockouts,
    auditFile: config.audit.file,
    noteAct: (act) => audit?.noteOwner(act),
    health: () => health.read(),
    follow: (connections) => health.follow(connections),
    now: () => Date.now(),
  };
}
