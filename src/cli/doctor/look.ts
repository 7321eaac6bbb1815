import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadConfigWithOrigins, type LoadedConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Check } from '../../doctor/check.ts';
import type { Here } from '../../doctor/checks/route.ts';
import { examineClient, type ClientFacts } from '../../doctor/examine/client.ts';
import { examineBrokenConfiguration, examineServer } from '../../doctor/examine/server.ts';
import { readTarget, type Target } from '../../doctor/target.ts';
import { createCredentialFinder } from '../../images/credentials/find-credential.ts';
import { parseImageName } from '../../images/name/image-name.ts';
import { AppError } from '../../lib/errors.ts';
import { exists } from '../../lib/files/exists.ts';
import { isThisMachine } from '../../lib/own-addresses.ts';
import { readFingerprint } from '../../pki/trust/authority-source.ts';
import { thisMachine } from '../../pki/trust/trust-target.ts';
import { configSources } from '../config/config-flags.ts';
import { UP_DATA, withEmbedded } from '../config/up-registry.ts';
import { gateOf, type OwnGate } from '../images/connection/configured-gate.ts';
import { mayBeConfigured } from '../images/connection/default-registry.ts';
import { readCredential } from '../images/connection/read-credential.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readClient, type ClientRequest } from './client-facts.ts';
import { installedEngines, loginOf, parseClients } from './clients.ts';
import { CONFIGURATION, SCRATCH, type Options } from './options.ts';
import { readServer } from './server-facts.ts';

/** What one look has found, and what a fix needs to know. */
export interface Look {
  readonly checks: readonly Check[];
  readonly target: Target | undefined;
  readonly client: ClientFacts | undefined;
  readonly certs: string | undefined;
}

/** What does not change between two looks. */
type Asked = Omit<ClientRequest, 'target' | 'here' | 'ownAuthority'>;

/**
 * Reads the command line, and standard input if it holds a password. Returns what looks at the registry and this
 * machine, as often as it is called. Throws AppError USAGE.
 */
export async function prepareLook(
  host: string | undefined,
  options: Options,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<() => Promise<Look>> {
  const asked = await readAsked(options, terminal, signal);
  const isConfigured = isSaid(options) || (await mayBeConfigured(terminal));
  if (host === undefined && !isConfigured) throw noTarget();
  return async () => {
    const config = isConfigured ? await readConfig(options, terminal) : undefined;
    if (!(config instanceof AppError)) return look(host, config, asked, terminal);
    return host === undefined ? broken(config) : look(host, undefined, asked, terminal);
  };
}

async function readAsked(options: Options, terminal: Terminal, signal: AbortSignal): Promise<Asked> {
  const machine = await thisMachine(terminal.env);
  const said = await readCredential(options, terminal);
  const folders = { home: terminal.env['HOME'] ?? homedir(), env: terminal.env };
  const stored = createCredentialFinder({ ...folders, authFile: options.authFile, signal });
  return {
    clients: options.client === undefined ? await installedEngines(machine) : parseClients(options.client),
    machine,
    env: terminal.env,
    authorityFile: options.ca,
    fingerprint: options.fingerprint === undefined ? undefined : readFingerprint(options.fingerprint),
    findCredential: async (registry, repository) => said ?? stored(registry, repository),
    repository: repositoryOf(options.push),
    signal,
  };
}

async function look(
  host: string | undefined,
  config: Config | undefined,
  asked: Asked,
  terminal: Terminal,
): Promise<Look> {
  const own = config && (await gateOf(config));
  const target = targetOf(host ?? own?.registry);
  const isServer = host === undefined || isOwn(target, config, own);
  const here: Here = { isRoot: asked.machine.isRoot, isServer, login: loginOf(asked.clients) };
  const server = isServer ? await examineOwn(config, terminal, here) : [];
  const seen = { checks: server, target, client: undefined, certs: config?.certs };
  if (target === undefined) return seen;
  const client = await readClient({
    ...asked,
    target,
    here,
    ownAuthority: isServer ? own?.authority : undefined,
  });
  return { ...seen, checks: [...server, ...examineClient(client)], client };
}

function targetOf(named: string | undefined): Target | undefined {
  return named === undefined ? undefined : readTarget(named);
}

async function examineOwn(
  config: Config | undefined,
  { platform }: Terminal,
  here: Here,
): Promise<readonly Check[]> {
  return config === undefined ? [] : examineServer(await readServer(config, platform, here));
}

function broken(fault: AppError): Look {
  const checks = examineBrokenConfiguration(fault);
  return { checks, target: undefined, client: undefined, certs: undefined };
}

/** A configuration with a mistake is a finding, unless it is one of the command line. Throws AppError CONFIG_INVALID then. */
async function readConfig(options: Options, terminal: Terminal): Promise<Config | AppError> {
  try {
    return await asServed(await loadConfigWithOrigins(configSources({ ...options }, terminal)));
  } catch (error) {
    if (error instanceof AppError && !/\(--[\w-]+\)$/m.test(error.message)) return error;
    throw error;
  }
}

/** Where no registry is configured and there is the folder that `up` makes, the gate here is that of `up`. */
async function asServed(loaded: LoadedConfig): Promise<Config> {
  return (await exists(join(UP_DATA, 'docker/registry'))) ? withEmbedded(loaded) : loaded.config;
}

function isSaid(options: Options): boolean {
  return [...CONFIGURATION, 'config'].some((name) => name in options);
}

/** Whether a registry is the gate of the configuration here: by its names, or by an address and a port of this machine. */
function isOwn(target: Target | undefined, config: Config | undefined, own: OwnGate | undefined): boolean {
  if (target === undefined || config === undefined) return false;
  const { registry, host, port } = target;
  if (!config.listen.some((address) => address.port === port || address.port === 0)) return false;
  return own?.owns(registry) === true || isThisMachine(host);
}

function repositoryOf(push: Options['push']): string | undefined {
  if (push === false) return undefined;
  if (typeof push !== 'string') return SCRATCH;
  // Throws if it is none.
  return parseImageName(`registry.invalid/${push}`).repository;
}

function noTarget(): AppError {
  return new AppError('USAGE', {
    message: 'There is no gate here to look at: neither a configuration nor a certs directory.',
    hint: 'Name the registry: registry-gate doctor HOST, or the files of the gate: registry-gate doctor --certs DIR',
  });
}
