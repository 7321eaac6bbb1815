import type { Command } from 'commander';
import { statePaths, type StatePaths } from '../../auth/tokens/store/state-paths.ts';
import { DEFAULT_CERTS } from '../../config/values/defaults.ts';
import type { Config } from '../../config/schema/schema.ts';
import { AppError } from '../../lib/errors.ts';
import type { KeyAccess } from '../../pki/authority/authority-key.ts';
import type { ServerCertificateOptions } from '../../pki/authority/material.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addConfigFileOption } from './config-file-option.ts';

// A command that works on the files of a gate takes some of its options. Each `find...` gives the files that `serve`
// would use with the same flags, environment and configuration file.

export interface CertsOptions {
  readonly certs?: string;
  readonly config?: string;
}

/** Adds `--certs` and `--config`. */
export function addCertsOptions(command: Command): Command {
  return addConfigFileOption(
    command.option('--certs <DIR>', 'The certs directory. Default: that of the configuration, else ./certs.'),
  );
}

export interface KeyOptions extends CertsOptions {
  readonly caKey?: string;
  readonly caPassphraseFile?: string;
}

/** Adds `--ca-key`, `--ca-passphrase-file`, `--certs` and `--config`. */
export function addKeyOptions(command: Command): Command {
  return addCertsOptions(
    command
      .option('--ca-key <FILE>', 'The private key of the CA, if it is not kept in the certs directory.')
      .option(
        '--ca-passphrase-file <FILE>',
        'A file whose first line is the passphrase of that key. Default: that of the configuration.',
      ),
  );
}

/** The certs directory and how to get at the key of its CA. With `--certs` the configuration is not read. */
export async function findAuthority(
  { certs, config, caKey: keyFile, caPassphraseFile }: KeyOptions,
  terminal: Terminal,
): Promise<KeyAccess & { readonly directory: string }> {
  const found = certs === undefined ? await load({ config, caPassphraseFile }, terminal) : undefined;
  return {
    directory: certs ?? found?.certs ?? DEFAULT_CERTS,
    keyFile,
    passphraseFile: caPassphraseFile ?? found?.caPassphraseFile,
  };
}

/** The certificate that `serve` would serve: the certs directory, and `tls.certificate` and `tls.key` where they are set. */
export async function findServedCertificate(
  { certs, config }: CertsOptions,
  terminal: Terminal,
): Promise<ServerCertificateOptions> {
  const { certs: directory, tls, caPassphraseFile } = await load({ certs, config }, terminal);
  const { certificate, key } = tls;
  return {
    directory: certs ?? directory,
    passphraseFile: caPassphraseFile,
    ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
  };
}

export interface UsersOptions {
  readonly users?: string;
  readonly certs?: string;
  readonly config?: string;
}

/** Adds `--users`, `--certs` and `--config`. */
export function addUsersOptions(command: Command): Command {
  return addConfigFileOption(
    command
      .option('--users <FILE>', 'The users file. Default: htpasswd in the certs directory.')
      .option('--certs <DIR>', 'The certs directory. Default: certs.'),
  );
}

/** The users file. With `--users` the configuration is not read. */
export async function findUsersFile(options: UsersOptions, terminal: Terminal): Promise<string> {
  if (options.users !== undefined && options.users !== '') return options.users;
  return (await load(options, terminal)).users;
}

export interface StateOptions extends UsersOptions {
  readonly state?: string;
}

/** The files that a command about tokens works on. */
export interface StateFiles {
  readonly directory: string;
  readonly paths: StatePaths;
  readonly users: string;
}

/** Adds `--state` and the options of addUsersOptions. */
export function addStateOptions(command: Command): Command {
  return addUsersOptions(
    command.option(
      '--state <DIR>',
      'The state directory, which holds the tokens. Default: the certs directory.',
    ),
  );
}

/** The state directory, its files, and the users file. */
export async function findState(options: StateOptions, terminal: Terminal): Promise<StateFiles> {
  const { state, users } = await load(options, terminal);
  return { directory: state, paths: statePaths(state), users };
}

/** The options of a command that reads the audit log. */
export interface AuditOptions {
  readonly audit?: string;
  readonly config?: string;
}

/** Adds `--audit` and `--config`. */
export function addAuditOptions(command: Command): Command {
  return addConfigFileOption(
    command.option('--audit <FILE>', 'The audit log. Default: that of the configuration.'),
  );
}

/**
 * The audit log. Throws AppError USAGE if the configuration names none, or standard output; its hint shows `command`,
 * the one that was typed.
 */
export async function findAuditLog(
  command: string,
  options: AuditOptions,
  terminal: Terminal,
): Promise<string> {
  const { audit } = await load(options, terminal);
  if (audit.file !== undefined && audit.file !== '-') return audit.file;
  throw new AppError('USAGE', {
    message:
      audit.file === '-' ? 'The audit log goes to standard output.' : 'The configuration names no audit log.',
    hint: `Name the file: ${command} --audit FILE`,
  });
}

/** The options of a configuration are loaded only where one is read. */
async function load(options: object, terminal: Terminal): Promise<Config> {
  const [{ loadConfig }, { configSources }] = await Promise.all([
    import('../../config/load.ts'),
    import('./config-flags.ts'),
  ]);
  return loadConfig(configSources({ ...options }, terminal));
}
