import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { AppError } from '../../lib/errors.ts';
import { configSources } from '../config/config-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Where the audit log is, as the command line says it. */
export interface AuditOptions {
  readonly audit?: string;
  readonly config?: string;
}

export function addAuditOptions(command: Command): Command {
  return command
    .option('--audit <FILE>', 'The audit log. Default: that of the configuration.')
    .option('--config <FILE>', 'The configuration file. Default: registry-gate.yml, if there is one.');
}

/** The file that `serve` would write to with the same flags, environment and configuration file. */
export async function findAuditLog(options: AuditOptions, terminal: Terminal): Promise<string> {
  const { audit } = await loadConfig(configSources({ ...options }, terminal));
  if (audit.file !== undefined && audit.file !== '-') return audit.file;
  throw new AppError('USAGE', {
    message:
      audit.file === '-' ? 'The audit log goes to standard output.' : 'The configuration names no audit log.',
    hint: 'Name the file: registry-gate audit show --audit FILE',
  });
}
