import { loadConfig } from '../../config/load.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { OPEN_POLICY } from '../../auth/policy/policy.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { readAccess } from '../../app/auth/access.ts';
import { configSources } from '../config/config-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Where the access file is, as the command line says it. */
export interface AccessOptions {
  readonly access?: string;
  readonly config?: string;
}

/** The rules that are asked. */
export interface Rules {
  readonly policy: Policy;
  /** What the file expects and does not bring about. */
  readonly failures: readonly string[];
  /** What has to be known of the answer. */
  readonly note?: string;
}

const DEFAULT_FILE = 'access.yml';
const WITHOUT_FILE =
  'No access file is configured, and there is no access.yml. So every user of the htpasswd file may do everything, a token what it was made for, and strangers nothing.';

/** The rules of the file that is named or configured, else of access.yml, else what holds without a file. */
export async function findRules({ access, config }: AccessOptions, terminal: Terminal): Promise<Rules> {
  const configured = access ?? (await loadConfig(configSources({ config }, terminal))).access;
  if (configured !== undefined) return readAccess(configured, {});
  try {
    return await readAccess(DEFAULT_FILE, {});
  } catch (error) {
    if (!(error instanceof AppError) || systemCode(error.cause) !== 'ENOENT') throw error;
    return { policy: OPEN_POLICY, failures: [], note: WITHOUT_FILE };
  }
}
