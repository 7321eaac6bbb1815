import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfigWithOrigins } from '../config/load.ts';
import { openEmbedded } from '../backend/embedded/embedded.ts';
import type { GcReport } from '../backend/embedded/gc/gc.ts';
import { AppError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Owner } from '../lib/files/ownership.ts';
import { addConfigOptions, configSources } from './config/config-flags.ts';
import { parseAge } from './terminal/age.ts';
import type { Terminal } from './terminal/terminal.ts';

interface GcCommandOptions {
  readonly data?: string;
  readonly dryRun?: true;
  readonly untagged?: true;
  readonly olderThan?: number;
  readonly json?: true;
}

/** The owner of this folder is the user that the gate runs as. */
const IMAGES = 'docker/registry/v2/repositories';

/** The default of `up`. */
const DEFAULT_DATA = './data';

const DETAILS = `
Safe while a gate serves the same folder: what was pushed within the last hour is kept, and a push that needs a blob
that is being removed either keeps it or is told to send it again. On a full disk, --older-than 10m frees more space,
also of unfinished uploads; a push that takes longer than that may then have to start again.
`;

const UNREADABLE = `All blobs of these repositories were kept, since such a manifest may need any of them. Push its image again or delete
it, then run gc again.
`;

/** `gc`: removes what no image of the embedded registry needs. */
export function gcCommand(terminal: Terminal): Command {
  const command = new Command('gc')
    .option(
      '--data <DIR>',
      'The folder of the registry. Default: that of --backend embedded:DIR, else ./data.',
    )
    .option('--dry-run', 'Show what would be removed, and remove nothing.')
    .option('--untagged', 'Also remove images that no tag refers to.')
    .addOption(
      new Option(
        '--older-than <DURATION>',
        'Remove only what is older than this: 90s, 10m, 2h, 1d. Default: 1h for blobs, 1d for unfinished uploads.',
      ).argParser(readAge),
    )
    .option('--json', 'Print the report as JSON.');
  addConfigOptions(command, ['backend']).addHelpText('after', DETAILS.trimEnd());
  return command.action(async (options: GcCommandOptions) => {
    const folder = await findFolder(options, terminal);
    const actAsBefore = terminal.actAs(await ownerOf(folder.directory));
    try {
      await collect(folder, options, terminal);
    } finally {
      actAsBefore();
    }
  });
}

function readAge(text: string): number {
  const age = parseAge(text);
  if (age === undefined) throw new InvalidArgumentError('It must be a duration like 90s, 10m, 2h or 1d.');
  return age;
}

async function collect(folder: RegistryFolder, options: GcCommandOptions, terminal: Terminal): Promise<void> {
  const registry = await openEmbedded({ ...folder, now: () => new Date(), logger: loggerFor(terminal) });
  try {
    const report = await registry.collectGarbage({
      dryRun: options.dryRun === true,
      dropUntagged: options.untagged === true,
      ...(options.olderThan === undefined ? {} : { graceMs: options.olderThan, uploadMs: options.olderThan }),
      ...(terminal.isTTY ? { onProgress: createProgressLine(terminal) } : {}),
    });
    print(report, options, terminal);
  } finally {
    await registry.close();
  }
}

interface RegistryFolder {
  readonly directory: string;
  /** The largest manifest in bytes, if a configuration was read. */
  readonly manifestBytes?: number;
}

async function findFolder(options: GcCommandOptions, terminal: Terminal): Promise<RegistryFolder> {
  if (options.data !== undefined) return { directory: options.data };
  const { config, origins } = await loadConfigWithOrigins(configSources({ ...options }, terminal));
  if (config.backend.kind === 'embedded')
    return { directory: config.backend.directory, manifestBytes: config.limits.manifestBytes };
  if (!origins.has('backend')) return { directory: DEFAULT_DATA };
  throw new AppError('USAGE', {
    message: 'gc is for the embedded registry, but this configuration has another backend.',
    hint: 'Name the folder: registry-gate gc --data ./data. registry:2 has a command of its own: registry garbage-collect',
  });
}

/** The owner of the images. Fails if the folder does not exist: opening a registry would create it. */
async function ownerOf(directory: string): Promise<Owner> {
  try {
    const top = await stat(directory);
    return await stat(join(directory, IMAGES)).catch(() => top);
  } catch (error) {
    throw new AppError('FILE_UNREADABLE', {
      message: `There is no registry in ${directory}.`,
      hint: 'Name its folder: registry-gate gc --data DIR',
      cause: error,
    });
  }
}

/** Logs to standard error, since standard output is for data. */
function loggerFor(terminal: Terminal): Logger {
  const say = (fields: object, message: string): void =>
    terminal.err(`${message} ${JSON.stringify(fields)}\n`);
  return { debug: () => undefined, info: () => undefined, warn: say, error: say };
}

/** A progress line that is overwritten at most five times a second. */
function createProgressLine(terminal: Terminal): (progress: object) => void {
  let next = 0;
  return (progress) => {
    const now = performance.now();
    if (now < next) return;
    next = now + 200;
    const words = Object.entries(progress).map(([name, value]) => `${name} ${String(value)}`);
    terminal.err(`\r\u001b[K${words.join(', ')}`);
  };
}

function print(report: GcReport, { json, dryRun, olderThan }: GcCommandOptions, terminal: Terminal): void {
  if (terminal.isTTY) terminal.err('\r\u001b[K');
  if (json === true) {
    terminal.out(`${JSON.stringify(report)}\n`);
    return;
  }
  const { blobs, bytes, manifests, uploads, links, unreadable } = report;
  for (const { repository, digest, reason } of unreadable) {
    terminal.err(`The manifest ${digest} of ${repository} can't be read: ${reason}.\n`);
  }
  if (unreadable.length > 0) terminal.err(UNREADABLE);
  if (olderThan === undefined) terminal.err('Content of the last hour is kept.\n');
  const verb = dryRun === true ? 'Would free' : 'Freed';
  terminal.out(`${verb} ${megabytes(bytes)} in ${blobs} blobs.\n`);
  terminal.out(`Untagged images: ${manifests}. Abandoned uploads: ${uploads}. Dead links: ${links}.\n`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
