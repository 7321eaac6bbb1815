import { isIP } from 'node:net';
import { Command } from 'commander';
import { loadConfigWithOrigins } from '../config/load.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { AppError, systemCode } from '../lib/errors.ts';
import { createLog } from '../observe/access-log.ts';
import type { Log } from '../observe/access-log.ts';
import { checkPlatform } from '../server/platform.ts';
import { startGate } from '../server/start.ts';
import type { Gate } from '../server/start.ts';
import { addConfigOptions, configSources } from './config-flags.ts';
import { localNames, prepareCertificates, prepareFirstUser } from './first-start.ts';
import type { FirstUser } from './first-start.ts';
import type { Outcome } from './outcome.ts';
import { runUntilTold } from './serve.ts';
import type { Terminal } from './terminal.ts';

interface UpOptions {
  readonly data?: string;
  readonly host?: readonly string[];
}

const FALLBACK_PORT = 8443;

/** `up`, also `npm start`: makes what is missing, serves, and says what to type next. A second start changes nothing. */
export function upCommand(terminal: Terminal, _outcome: Outcome): Command {
  const command = new Command('up')
    .description('Make what is missing (CA, certificate, a first user), serve, and print what to type next.')
    .option(
      '--host <NAME>',
      'A further name or address by which clients reach this machine. Repeatable.',
      collect,
    )
    .option(
      '--data <DIR>',
      'Where the registry inside the gate keeps its images, unless --backend names another. Default: ./data.',
    );
  addConfigOptions(command);
  return command.action(async (options: UpOptions) => {
    checkPlatform(terminal.platform);
    const loaded = await loadConfigWithOrigins(configSources({ ...options }, terminal));
    const config = withEmbedded(loaded, options.data);
    const names = await prepareCertificates(config, options.host ?? localNames());
    const firstUser = await prepareFirstUser(config, terminal.isTTY);
    const log = createLog({ level: loaded.origins.has('log.level') ? config.log.level : 'warn' });
    try {
      const gate = await startOnFreePort({ config, origins: loaded.origins }, log);
      terminal.err(welcome(config, names, gate, firstUser));
      await runUntilTold(gate, terminal);
    } finally {
      log.flush();
    }
  });
}

/** The registry inside the gate, unless somebody named another. */
function withEmbedded({ config, origins }: LoadedConfig, directory = './data'): Config {
  return origins.has('backend') ? config : { ...config, backend: { kind: 'embedded', directory } };
}

/** On 443; where that may not be had and nobody asked for it by name, on 8443. */
async function startOnFreePort({ config, origins }: LoadedConfig, log: Log): Promise<Gate> {
  try {
    return await startGate(config, log);
  } catch (error) {
    const refused = error instanceof AppError && error.code === 'LISTEN_FAILED';
    if (
      !refused ||
      origins.has('listen') ||
      !['EACCES', 'EADDRINUSE'].includes(systemCode(error.cause) ?? '')
    )
      throw error;
    return startGate({ ...config, listen: [{ host: undefined, port: FALLBACK_PORT }] }, log);
  }
}

function welcome(
  config: Config,
  names: readonly string[],
  gate: Gate,
  firstUser: FirstUser | undefined,
): string {
  const port = gate.addresses[0]?.port ?? 443;
  const host = nameForImages(names);
  const place = port === 443 ? host : `${host}:${port}`;
  const user = firstUser?.name ?? 'NAME';
  return [
    '',
    `registry-gate serves https://${place} (also as ${names.filter((name) => name !== host).join(', ')})`,
    ...(port !== FALLBACK_PORT || config.listen.some((address) => address.port === FALLBACK_PORT)
      ? []
      : ['Port 443 is taken or needs root, so this is port 8443: name it in every command, as below.']),
    ...wordsFor(firstUser),
    '',
    'Trust its CA once on each client (here: docker on this machine; podman, containerd and system are the others):',
    `  npm run -s gate -- certs trust --for docker ${place} --certs ${config.certs}`,
    'Then:',
    `  docker login ${place} -u ${user}`,
    `  docker tag IMAGE ${place}/IMAGE`,
    `  docker push ${place}/IMAGE`,
    '',
    'Ctrl-C stops it. More users: npm run -s gate -- users add NAME',
    '',
    '',
  ].join('\n');
}

/** docker takes a first part without a dot for a folder of Docker Hub, `localhost` alone excepted. */
function nameForImages(names: readonly string[]): string {
  const dotted = names.filter(
    (name) => name.includes('.') && !name.startsWith('127.') && !name.startsWith('*'),
  );
  return dotted.find((name) => isIP(name) === 0) ?? dotted[0] ?? 'localhost';
}

function wordsFor(firstUser: FirstUser | undefined): readonly string[] {
  if (firstUser === undefined) return [];
  if (firstUser.kind === 'kept in a file') {
    return [
      '',
      `The first user is ${firstUser.name}. The password is in ${firstUser.file}: read it, then delete the file.`,
    ];
  }
  return [
    '',
    `The first user is ${firstUser.name}, with the password  ${firstUser.password.reveal()}`,
    'It is shown this once and stored nowhere.',
  ];
}

function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...value.split(',').filter(Boolean)];
}
