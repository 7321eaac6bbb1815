import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readSyncFile, type SyncFile, type SyncRepository } from '../../../config/sync/sync-file.ts';
import { hostPlatform } from '../../../images/model/host-platform.ts';
import { parsePlatform } from '../../../images/model/platform.ts';
import { parseImageName } from '../../../images/name/image-name.ts';
import { planSync, type SyncContext, type SyncPlan } from '../../../images/sync/plan-sync.ts';
import { runSync, type SyncResult } from '../../../images/sync/run-sync.ts';
import type { SyncRule } from '../../../images/sync/sync-rule.ts';
import { compileVersionRange } from '../../../images/tags/version-range.ts';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';
import { EXIT, type ExitStatus } from '../../terminal/exit-status.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { addConnectionOptions, type ConnectionOptions } from '../connection/connection-options.ts';
import { runConnected } from '../connection/run-connected.ts';
import { printPlan, printReport, resultLine } from './print-sync.ts';

interface SyncOptions extends ConnectionOptions {
  readonly file: string;
  readonly yes?: true;
  readonly json?: true;
  readonly parallel: number;
}

const DETAILS = `
Without --yes nothing is copied: the plan is shown. The exit code is 0 if source and target are the same, after the run if
there was one, and 1 if not. Run it again to go on: what is there already is skipped. Only prune: true removes tags.
`;
/** How many images are copied at once. Their blobs share the bound of --parallel. */
const IMAGES_AT_ONCE = 3;
const MOST_PARALLEL = 32;

/** `images sync`: mirrors what a plan names from one registry to another. */
export function syncCommand(terminal: Terminal, exit: ExitStatus): Command {
  const command = new Command('sync')
    .description('Mirror repositories from one registry to another.')
    .requiredOption('--file <FILE>', 'The plan: a YAML file.')
    .addOption(
      new Option('--parallel <N>', 'How many blobs are transferred at once.')
        .argParser((text) => parseParallel(text))
        .default(4),
    )
    .option('--yes', 'Copy what the plan finds missing, and move tags.')
    .option('--json', 'Print JSON.');
  addConnectionOptions(command).addHelpText('after', DETAILS);
  return command.action(async (options: SyncOptions) => {
    const file = await readPlan(options.file);
    const rules = rulesOf(file);
    await runConnected(terminal, options, async (connections, signal) => {
      const context: SyncContext = {
        source: connections.registry(file.from),
        target: connections.registry(file.to),
        rules,
        host: hostPlatform(),
        signal,
      };
      const plan = await planSync(context);
      signal.throwIfAborted();
      const results = options.yes === true ? await run(context, plan, { terminal, options }) : undefined;
      if (options.json === true) printReport(terminal, { file, plan, results });
      else if (results === undefined) printPlan(terminal, plan);
      signal.throwIfAborted();
      const isSame = results === undefined ? isNothingToDo(plan) : isAllDone(plan, results);
      if (!isSame) exit.code = EXIT.failed;
    });
  });
}

function run(
  context: SyncContext,
  plan: SyncPlan,
  { terminal, options }: { readonly terminal: Terminal; readonly options: SyncOptions },
): Promise<readonly SyncResult[]> {
  for (const { rule, error } of plan.failures)
    terminal.err(`failed ${rule.source}: ${printable(error.message)}\n`);
  return runSync(context, plan, {
    images: IMAGES_AT_ONCE,
    blobs: options.parallel,
    onResult: (result) => {
      if (options.json !== true && result.outcome !== 'same') terminal.err(resultLine(result));
    },
  });
}

function isNothingToDo({ items, failures }: SyncPlan): boolean {
  return failures.length === 0 && items.every(({ state }) => state === 'same');
}

function isAllDone({ failures }: SyncPlan, results: readonly SyncResult[]): boolean {
  return failures.length === 0 && results.every(({ outcome }) => outcome !== 'failed' && outcome !== 'left');
}

async function readPlan(path: string): Promise<SyncFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new AppError('FILE_UNREADABLE', {
      message: `The plan ${path} can't be read (${systemCode(error) ?? String(error)}).`,
      hint: 'Name a file: registry-gate images sync --file plan.yml',
      cause: error,
    });
  });
  const reading = readSyncFile(path, text);
  if (!reading.ok) throw invalidPlan(path, reading.problems);
  return reading.file;
}

interface Flaw {
  readonly path: string;
  readonly reason: string;
  readonly where: string | undefined;
}

/** Parses what only the room of images knows. */
function rulesOf({ from, repositories }: SyncFile): readonly SyncRule[] {
  const flaws: Flaw[] = repositories.flatMap(({ versions, where }) =>
    versions === undefined || compileVersionRange(versions) !== undefined
      ? []
      : [{ path: 'versions', reason: `${JSON.stringify(versions)} is not a range of versions`, where }],
  );
  if (flaws.length > 0) throw invalidPlan('The plan', flaws);
  return repositories.map(({ platforms, source, ...rule }: SyncRepository) => ({
    ...rule,
    // `alpine` of docker.io is library/alpine.
    source: parseImageName(`${from}/${source}`).repository,
    platforms: platforms.map(parsePlatform),
  }));
}

function invalidPlan(name: string, flaws: readonly Flaw[]): AppError {
  const lines = flaws.map(
    ({ path, reason, where }) => `  ${path === '' ? '' : `${path}: `}${reason} (${where ?? name})`,
  );
  return new AppError('CONFIG_INVALID', {
    message: [`${name} has ${flaws.length === 1 ? 'a problem' : `${flaws.length} problems`}:`, ...lines].join(
      '\n',
    ),
    hint: 'Correct this, then see what it would do: registry-gate images sync --file FILE',
  });
}

function parseParallel(text: string): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MOST_PARALLEL) return number;
  throw new InvalidArgumentError(`It must be a number from 1 to ${MOST_PARALLEL}.`);
}
