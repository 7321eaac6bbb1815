import type { Command } from 'commander';
import type { ServerCertificateOptions } from '../../pki/authority/material.ts';
import { HOSTS_VARIABLE, whySpoiled } from '../../config/environment.ts';
import { loadConfig } from '../../config/load.ts';
import { configInvalid } from '../../config/problem.ts';
import { AppError } from '../../lib/errors.ts';
import { configSources } from '../config/config-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** The options that say where the certs directory is. */
export interface DirectoryOptions {
  readonly certs?: string;
  readonly config?: string;
}

/** Adds `--certs` and `--config`. */
export function addDirectoryOptions(command: Command): Command {
  return command
    .option('--certs <DIR>', 'The certs directory. Default: ./certs, or what the configuration says.')
    .option('--config <FILE>', 'The configuration file. Default: registry-gate.yml, if there is one.');
}

/** The certs directory: the flag, then REGISTRY_GATE_CERTS, then the configuration file, then `./certs`. */
export async function certsDirectory(options: DirectoryOptions, terminal: Terminal): Promise<string> {
  return options.certs ?? (await loadConfig(configSources({ ...options }, terminal))).certs;
}

/** What `serve` would serve with the same flags, environment and file: the directory, and `tls.certificate` where it is set. */
export async function servedCertificate(
  options: DirectoryOptions,
  terminal: Terminal,
): Promise<ServerCertificateOptions> {
  const { certs, config } = options;
  const flags = { ...(certs === undefined ? {} : { certs }), ...(config === undefined ? {} : { config }) };
  const { certs: directory, tls } = await loadConfig(configSources(flags, terminal));
  const { certificate, key } = tls;
  return {
    directory: certs ?? directory,
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
  };
}

/** Gathers an option that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** The names in REGISTRY_GATE_HOSTS, with commas or spaces between them. Throws AppError CONFIG_INVALID. */
export function hostsFromEnvironment({ env }: Terminal): readonly string[] {
  const value = env[HOSTS_VARIABLE] ?? '';
  const reason = whySpoiled(value);
  if (reason !== undefined) throw configInvalid([{ path: HOSTS_VARIABLE, reason, where: 'environment' }]);
  return value.split(/[\s,]+/).filter(Boolean);
}

/** A number of days as it was typed. Throws AppError USAGE for anything but digits. */
export function days(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new AppError('USAGE', {
    message: `"${text}" is not a number of days.`,
    hint: 'Write a whole number: --days 90',
  });
}

/** `2027-02-20`: a date for words. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
