import { readFile, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { umask } from 'node:process';
import { writeFileAtomic } from '../../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { makePath } from '../../../lib/files/make-path.ts';
import type { TrustPlan, TrustStep } from '../plan.ts';
import { runProgram, succeeds, type CommandRunner } from './run-program.ts';
import { withPart, withoutPart, type YamlEditor } from './shared-file.ts';

interface ApplyOptions {
  /** Replace a file that has other content. */
  readonly force?: boolean;
  readonly runCommand?: CommandRunner;
  /** Without it, parts of YAML files have to be written by hand: the error says which. */
  readonly yaml?: YamlEditor;
}

/** The result of a step. `same`: there was nothing to do. `kept`: the file has other content, and was left alone. */
export interface StepOutcome {
  readonly step: TrustStep;
  readonly outcome: 'done' | 'same' | 'kept';
}

type RunStep = TrustStep & { readonly action: 'run' };
type EditStep = TrustStep & { readonly action: 'insert' | 'withdraw' };

/** What a step makes of its file. Undefined content: no such file. */
interface Change {
  readonly step: TrustStep;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Somebody else's content, which stays unless it is replaced by force. */
  readonly isForeign: boolean;
}

/**
 * Carries out a plan. Reads all files before it changes the first. Throws AppError TRUST_FAILED if a file has other
 * content, FILE_UNWRITABLE if one can't be written.
 */
export async function applyPlan(plan: TrustPlan, options: ApplyOptions = {}): Promise<StepOutcome[]> {
  // All users of the machine must be able to read these files, also those that the system's own commands write.
  const before = umask(0o022);
  try {
    return await applySteps(plan, options);
  } finally {
    umask(before);
  }
}

async function applySteps({ steps }: TrustPlan, options: ApplyOptions): Promise<StepOutcome[]> {
  const { force = false, runCommand = runProgram } = options;
  const changes = await Promise.all(steps.map((step) => look(step, options)));
  if (!force) for (const change of changes) refuseForeign(change);
  const outcomes: StepOutcome[] = [];
  for (const change of changes) {
    const { step } = change;
    const hasChanged = outcomes.some(({ outcome }) => outcome === 'done');
    const outcome =
      step.action === 'run'
        ? await applyRun(step, hasChanged, runCommand)
        : await applyToFile(step.path, change);
    outcomes.push({ step, outcome });
  }
  return outcomes;
}

async function applyRun(
  { command, unless, onlyIf }: RunStep,
  hasChanged: boolean,
  runCommand: CommandRunner,
): Promise<StepOutcome['outcome']> {
  if (!(await isDue())) return 'same';
  await runCommand(command);
  return 'done';

  async function isDue(): Promise<boolean> {
    if (unless !== undefined) return !(await succeeds(unless, runCommand));
    return onlyIf === undefined ? hasChanged : succeeds(onlyIf, runCommand);
  }
}

async function applyToFile(path: string, change: Change): Promise<StepOutcome['outcome']> {
  const { step, before, after, isForeign } = change;
  if (isForeign && step.action === 'remove') return 'kept';
  if (before === after) return 'same';
  if (after === undefined) {
    await removeFile(path);
    return 'done';
  }
  await makeFolder(dirname(path));
  // Others may add a password to registries.yaml, so a new one is for its owner alone.
  const mode = 'part' in step && step.part.kind === 'yaml' ? 0o600 : 0o644;
  await writeFileAtomic(path, after, { mode });
  return 'done';
}

async function look(step: TrustStep, options: ApplyOptions): Promise<Change> {
  if (step.action === 'run') return { step, before: undefined, after: undefined, isForeign: false };
  const before = await readIfAny(step.path);
  if (step.action === 'write' || step.action === 'remove') {
    const isForeign = before !== undefined && before !== step.content;
    return { step, before, after: step.action === 'write' ? step.content : undefined, isForeign };
  }
  return { step, before, after: edited(step, before, options), isForeign: false };
}

/** The file of others, with our part or without it. One in which nothing is left goes, unless it was so before. */
function edited(
  { action, path, part }: EditStep,
  before: string | undefined,
  { yaml, force = false }: ApplyOptions,
): string | undefined {
  const file = { path, part, text: before ?? '', yaml };
  const text = action === 'insert' ? withPart(file, force) : withoutPart(file);
  if (text === file.text) return before;
  return text.trim() === '' ? undefined : text;
}

async function readIfAny(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new AppError('TRUST_FAILED', {
      message: `${path} can't be read (${systemCode(error) ?? String(error)}).`,
      hint: 'Run the command with sudo, or as the user that the client runs as.',
      cause: error,
    });
  });
}

function refuseForeign({ step, isForeign }: Change): void {
  if (step.action !== 'write' || !isForeign) return;
  throw new AppError('TRUST_FAILED', {
    message: `${step.path} exists with other content. Nothing was changed.`,
    hint: 'Look at it. To replace it, add --force.',
  });
}

async function makeFolder(path: string): Promise<void> {
  await makePath(path, 0o755).catch((error: unknown) => {
    throw new AppError('FILE_UNWRITABLE', {
      message: `${path} can't be made (${systemCode(error) ?? String(error)}).`,
      hint: 'Run the command with sudo.',
      cause: error,
    });
  });
}

/** Removes the file, and its folder if that is one of a registry in certs.d or one of ours, and empty by then. */
async function removeFile(path: string): Promise<void> {
  await rm(path).catch((error: unknown) => {
    throw new AppError('FILE_UNWRITABLE', {
      message: `${path} can't be removed (${systemCode(error) ?? String(error)}).`,
      hint: 'Run the command with sudo.',
      cause: error,
    });
  });
  if (/\/certs\.d\/|\/registry-gate\/trust\//.test(path)) await rmdir(dirname(path)).catch(() => undefined);
}
