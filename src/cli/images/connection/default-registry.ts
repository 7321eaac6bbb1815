import { DEFAULT_CERTS, DEFAULT_FILE, ENV_PREFIX, NEAR_MISS } from '../../../config/values/defaults.ts';
import { COMMAND_VARIABLE, CONTAINER_VARIABLE } from '../../../config/environment.ts';
import { exists } from '../../../lib/files/exists.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { OwnGate } from './configured-gate.ts';

/**
 * Finds the gate of the configuration here. Undefined if there is none. What reads a configuration is loaded only where
 * there may be one: it would be a third of the start. Throws AppError CONFIG_INVALID.
 */
export async function findOwnGate(terminal: Terminal): Promise<OwnGate | undefined> {
  if (!(await mayBeConfigured(terminal))) return undefined;
  const { findConfiguredGate } = await import('./configured-gate.ts');
  return findConfiguredGate(terminal);
}

/** Whether anything is said of a gate here. Without all of this its certificate, by which it is known, is nowhere. */
export async function mayBeConfigured({ env }: Terminal): Promise<boolean> {
  const isSaid = Object.keys(env).some(
    (name) => name.startsWith(ENV_PREFIX) && name !== COMMAND_VARIABLE && name !== CONTAINER_VARIABLE,
  );
  if (isSaid) return true;
  const found = await Promise.all([DEFAULT_FILE, NEAR_MISS, DEFAULT_CERTS].map(exists));
  return found.includes(true);
}
