import { execFile } from 'node:child_process';
import { readFile, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { umask } from 'node:process';
import { promisify } from 'node:util';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { AppError, systemCode } from '../../lib/errors.ts';
import { makePath } from '../../lib/files/make-path.ts';
import type { TrustPlan, TrustStep } from './plan.ts';

/** Runs one command and waits for it; rejects if it fails. */
type CommandRunner = (command: readonly [string, ...string[]]) => Promise<void>;

interface ApplyOptions {
  /** Replace a file that has other content. */
  readonly force?: boolean;
  readonly runCommand?: CommandRunner;
}

/** The result of a step. `same`: there was nothing to do. `kept`: the file has other content, and was left alone. */
export interface StepOutcome {
  readonly step: TrustStep;
  readonly outcome: 'done' | 'same' | 'kept';
}

interface Difference {
  readonly step: TrustStep;
  /** Undefined if the file does not exist. */
  readonly content: string | undefined;
}

/**
 * Carries out a plan. Reads all files before it changes the first; runs commands only if a file changed. Throws AppError
 * TRUST_FAILED if a file has other content, FILE_UNWRITABLE if one can't be written.
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
  const differences = await Promise.all(steps.map(look));
  if (!force) for (const difference of differences) refuseForeign(difference);
  const outcomes: StepOutcome[] = [];
  for (const { step, content } of differences) {
    const hasChanged = outcomes.some(({ outcome }) => outcome === 'done');
    if (step.action === 'run') {
      if (hasChanged) await runCommand(step.command);
      outcomes.push({ step, outcome: hasChanged ? 'done' : 'same' });
    } else {
      outcomes.push({ step, outcome: await applyToFile(step, content) });
    }
  }
  return outcomes;
}

async function applyToFile(
  step: Exclude<TrustStep, { action: 'run' }>,
  content: string | undefined,
): Promise<StepOutcome['outcome']> {
  if (step.action === 'write') {
    if (content === step.content) return 'same';
    await makeFolder(dirname(step.path));
    await writeFileAtomic(step.path, step.content, { mode: 0o644 });
    return 'done';
  }
  if (content === undefined) return 'same';
  if (content !== step.content) return 'kept';
  await removeFile(step.path);
  return 'done';
}

async function look(step: TrustStep): Promise<Difference> {
  if (step.action === 'run') return { step, content: undefined };
  const content = await readFile(step.path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new AppError('TRUST_FAILED', {
      message: `${step.path} can't be read (${systemCode(error) ?? String(error)}).`,
      hint: 'Run the command with sudo, or as the user that the client runs as.',
      cause: error,
    });
  });
  return { step, content };
}

function refuseForeign({ step, content }: Difference): void {
  if (step.action !== 'write' || content === undefined || content === step.content) return;
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

/** Removes the file, and its folder in certs.d if that is then empty. */
async function removeFile(path: string): Promise<void> {
  await rm(path).catch((error: unknown) => {
    throw new AppError('FILE_UNWRITABLE', {
      message: `${path} can't be removed (${systemCode(error) ?? String(error)}).`,
      hint: 'Run the command with sudo.',
      cause: error,
    });
  });
  if (path.includes('/certs.d/')) await rmdir(dirname(path)).catch(() => undefined);
}

async function runProgram([program, ...args]: readonly [string, ...string[]]): Promise<void> {
  try {
    await promisify(execFile)(program, args);
  } catch (error) {
    throw new AppError('TRUST_FAILED', {
      message: `${[program, ...args].join(' ')} failed: ${systemCode(error) === 'ENOENT' ? 'it is not installed' : String(error)}.`,
      hint: 'The certificate is in its folder. Run that command by hand.',
      cause: error,
    });
  }
}
