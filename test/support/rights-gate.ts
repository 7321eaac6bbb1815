import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/cli/program.ts';
import { PASSWORD, startGate, type GateProcess } from './gate-process.ts';
import { writeImage, type Image } from './images.ts';
import { temporaryFolder } from './programs.ts';
import { startRegistry } from './registry.ts';
import { recordingTerminal } from './terminal.ts';

/** Alice is one of those who push, Rita reads, Dora deletes and sees the secrets, Sam has the secrets alone. */
export const RULES = `groups:
  dev: [alice]

rules:
  - { who: anonymous, repositories: 'public/**', allow: pull }
  - { who: 'group:dev', repositories: 'team/**', allow: [pull, push] }
  - { who: rita, repositories: 'team/**', allow: pull }
  - { who: dora, repositories: ['team/**', 'secret/**'], allow: [pull, delete] }
  - { who: sam, repositories: ['secret/**', 'public/**'], allow: [pull, push] }
  - { who: 'token:robot', repositories: 'team/**', allow: [pull, push] }
`;

/** The same rules, and none that lets Alice do anything. */
export const RULES_WITHOUT_DEV = RULES.replace(/.*group:dev.*\n/, '').replace(
  'groups:\n  dev: [alice]\n\n',
  '',
);

export interface Credential {
  readonly user: string;
  readonly password: string;
}

const NAMES = ['alice', 'rita', 'dora', 'sam'] as const;

/** What somebody may have at hand. A token for machines named `ci` has a scope of its own, `robot` goes by the rules. */
export type Holding =
  | 'none'
  | (typeof NAMES)[number]
  | 'wrong password'
  | 'ci token'
  | 'robot token'
  | 'revoked token';

export interface RightsGate {
  /** The gate as it runs now. */
  readonly gate: () => GateProcess;
  /** `HOST:PORT`, as image names begin. */
  readonly name: string;
  readonly url: string;
  /** Scratch folder, gone with the stage. */
  readonly folder: string;
  readonly certs: string;
  readonly caFile: string;
  /** A folder that holds `ca.crt` alone. */
  readonly trustFolder: string;
  readonly image: Image;
  /** What lies in the corner of secrets and nowhere else. */
  readonly secret: Image;
  readonly credentials: Readonly<Record<Holding, Credential | undefined>>;
  /** Every line that the registry behind the gate has logged; none from the embedded one. */
  readonly registryLog: readonly string[];
  setRules(rules: string): Promise<void>;
  tokens(...args: readonly string[]): Promise<string>;
  changePassword(user: string, password: string): Promise<void>;
  /** Ends the gate and starts it again at the same place. */
  restart(settings?: object): Promise<void>;
  close(): Promise<void>;
}

export interface RightsGateOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** The registry inside the gate instead of a real one behind it. */
  readonly embedded?: boolean;
}

/** A gate with an access file, people, tokens and an image, in front of an empty registry. */
export async function openRightsGate(options: RightsGateOptions = {}): Promise<RightsGate> {
  const { address = '127.0.0.1', embedded = false } = options;
  const folder = await temporaryFolder('rights');
  const at = (name: string): string => join(folder.path, name);
  const closers: (() => Promise<void>)[] = [folder.close];
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const people = await makePlace(folder.path, address);
    const tokens = (...args: readonly string[]): Promise<string> =>
      command(['tokens', ...args, '--certs', at('certs')]);
    const registry = embedded ? undefined : await startRegistry();
    if (registry !== undefined) closers.push(registry.close);
    const start = async (listen: string, settings: object): Promise<GateProcess> => {
      await writeFile(at('gate.yml'), JSON.stringify(settings));
      const backend = registry?.url ?? `embedded:${at('data')}`;
      const args = ['--access', at('access.yml'), '--config', at('gate.yml')];
      return startGate({ certs: at('certs'), backend, listen, args });
    };
    let gate = await start(`${address}:0`, {});
    const { name, url } = gate;
    closers.push(() => gate.close());
    return {
      gate: () => gate,
      name,
      url,
      folder: folder.path,
      certs: at('certs'),
      caFile: at('certs/ca.crt'),
      trustFolder: at('trust'),
      image: await writeImage(at('image'), 1),
      secret: await writeImage(at('secret'), 1),
      credentials: { none: undefined, ...people, ...(await makeTokens(tokens)) },
      registryLog: registry?.log ?? [],
      setRules: (rules) => writeFile(at('access.yml'), rules),
      tokens,
      changePassword: async (user, password) => {
        await command(['users', 'passwd', user, '--certs', at('certs'), '--password-stdin'], password);
      },
      restart: async (settings = {}) => {
        await gate.close();
        gate = await start(name, settings);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A command of the gate that has to succeed, without a process of its own. */
async function command(args: readonly string[], stdin = ''): Promise<string> {
  const terminal = recordingTerminal({ stdin });
  if ((await run(args, terminal)) !== 0) throw new Error(`${args.join(' ')}: ${terminal.stderr()}`);
  return terminal.stdout();
}

type People = Readonly<Record<(typeof NAMES)[number] | 'wrong password', Credential>>;

/** Certificates, people and rules. */
async function makePlace(folder: string, address: string): Promise<People> {
  const certs = join(folder, 'certs');
  await mkdir(join(folder, 'trust'));
  await command(['certs', 'init', '--certs', certs, '--host', address]);
  await copyFile(join(certs, 'ca.crt'), join(folder, 'trust/ca.crt'));
  await writeFile(join(folder, 'access.yml'), RULES);
  const person = async (user: string): Promise<Credential> => {
    const password = `${PASSWORD} of ${user}`;
    await command(['users', 'add', user, '--certs', certs, '--password-stdin'], `${password}\n`);
    return { user, password };
  };
  const [alice, rita, dora, sam] = [
    await person('alice'),
    await person('rita'),
    await person('dora'),
    await person('sam'),
  ];
  return { alice, rita, dora, sam, 'wrong password': { user: 'alice', password: 'wrong' } };
}

type Machines = Readonly<Record<'ci token' | 'robot token' | 'revoked token', Credential>>;

async function makeTokens(tokens: RightsGate['tokens']): Promise<Machines> {
  const make = async (user: string, ...args: readonly string[]): Promise<Credential> => ({
    user,
    password: (await tokens('create', user, ...args)).trim(),
  });
  const machines = {
    'ci token': await make('ci', '--repository', 'team/**', '--allow', 'pull,push'),
    'robot token': await make('robot'),
    'revoked token': await make('former', '--repository', '**', '--allow', 'pull,push,delete'),
  };
  await tokens('revoke', await tokenId(tokens, 'former'));
  return machines;
}

/** The id of the only token of that name. */
export async function tokenId(tokens: RightsGate['tokens'], name: string): Promise<string> {
  const listed: unknown = JSON.parse(await tokens('list', '--json'));
  const found = Array.isArray(listed) ? listed.find((entry) => entry.name === name) : undefined;
  if (found === undefined) throw new Error(`no token of ${name}: ${JSON.stringify(listed)}`);
  return String(found.id);
}
