import type { StepResult } from '../../../images/remove/execute.ts';
import { shortDigest } from '../../../images/remove/select.ts';
import { AppError } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';
import type { Terminal } from '../../terminal/terminal.ts';

/** What became of one step, and where. */
export interface RemoveResult extends StepResult {
  readonly registry: string;
  readonly repository: string;
}

/** A result as `--json` prints it. */
export function resultJson({
  registry,
  repository,
  kind,
  digest,
  tags,
  outcome,
  error,
}: RemoveResult): object {
  return { registry, repository, kind, digest, tags, outcome, error: error?.message ?? null };
}

const WORDS: Readonly<Record<StepResult['outcome'], string>> = {
  removed: 'Removed',
  changed: 'Changed meanwhile, left',
  unsupported: 'Not supported, left',
  failed: 'Failed',
  skipped: 'Left',
};

/** Returns the line of a result: `Removed team/app:1`. */
export function sentence({ repository, kind, digest, tags, outcome, error }: RemoveResult): string {
  const names = tags.map((tag) => `${repository}:${tag}`).join(' ');
  const image = `${repository}@${shortDigest(digest)}`;
  const subject = kind === 'tag' ? `${names} alone` : `${image}${names === '' ? '' : ` (${names})`}`;
  return `${WORDS[outcome]} ${subject}${error === undefined ? '' : `: ${printable(error.message)}`}\n`;
}

/** Says where the space is, which no registry gives back by itself. */
export function sayWhatIsNext(terminal: Terminal, results: readonly RemoveResult[]): void {
  const removed = results.filter(({ outcome }) => outcome === 'removed');
  if (removed.length === 0) return;
  if (removed.some(({ kind }) => kind === 'manifest'))
    terminal.err(
      'To get the space back, where the registry runs: registry-gate gc (the registry inside the gate), or for registry:2 and registry:3: registry garbage-collect CONFIG\n',
    );
  else
    terminal.err(
      'Images that have no tag any more stay in the registry. To remove one: registry-gate images remove REPOSITORY@DIGEST\nAll of them, where the registry inside the gate runs: registry-gate gc --untagged\n',
    );
}

/** Throws AppError REGISTRY_REFUSED with the setting to change if a registry does not remove at all. */
export function refuseUnsupported(results: readonly RemoveResult[]): void {
  const left = results.filter(({ outcome }) => outcome === 'unsupported');
  const [manifest] = left.filter(({ kind }) => kind === 'manifest');
  if (manifest !== undefined)
    throw new AppError('REGISTRY_REFUSED', {
      message: `${manifest.registry} deletes nothing: deletion is switched off there.`,
      hint: 'registry:2 and registry:3: set storage.delete.enabled to true in its configuration, or REGISTRY_STORAGE_DELETE_ENABLED=true in its environment, and restart it.',
    });
  const [tag] = left;
  if (tag === undefined) return;
  throw new AppError('REGISTRY_REFUSED', {
    message: `${tag.registry} removes no tag alone. These stay, since their images do: ${left.flatMap(({ tags }) => tags).join(' ')}`,
    hint: 'With --overwrite an empty image is pushed over each of these tags and deleted.',
  });
}
