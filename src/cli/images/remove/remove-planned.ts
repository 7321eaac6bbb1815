import { randomUUID } from 'node:crypto';
import { executeRemoval } from '../../../images/remove/execute.ts';
import { removeTagByOverwriting } from '../../../images/remove/overwrite-tag.ts';
import { prepareRemoval, type PreparedRemoval } from '../../../images/remove/prepare.ts';
import type { Repository } from '../../../images/store.ts';
import type { Asked, RemoveContext } from './asked.ts';
import { countOf, planJson, printPlan, type PlannedRepository } from './print-plan.ts';
import { sentence, type RemoveResult } from './results.ts';

type Target = PlannedRepository & { readonly target: Repository };

interface PlannedRemoval {
  /** What `--json` prints of the plan. */
  readonly report: object;
  readonly results: readonly RemoveResult[];
  /** Whether something that was named stays. */
  readonly isRefused: boolean;
}

const UNTAGGED = `A registry doesn't list images without tags: only signatures and other referrers whose image is gone were looked for.
Where the registry runs, images without tags go with: registry-gate gc --untagged (the registry inside the gate), or
registry garbage-collect --delete-untagged CONFIG (registry:3; that of registry:2 destroys images of several platforms).
`;

/** Plans, shows the plan, asks, and removes. */
export async function removePlanned(
  context: RemoveContext,
  asked: readonly Asked[],
): Promise<PlannedRemoval> {
  const { terminal, options, selection } = context;
  const planned: Target[] = [];
  for (const one of asked) planned.push(await prepare(context, one));
  const report = planJson(planned);
  const isRefused = planned.some(({ prepared }) => prepared.plan.refused.size > 0);
  if (asked.length === 0) return { report, results: [], isRefused };
  if (options.json !== true) printPlan(terminal, planned, selection !== undefined);
  sayUntagged(context);
  const count = countOf(planned);
  if (count === 0 || !(await isAgreed(context, count)))
    return { report, results: [], isRefused: isRefused || (count > 0 && isLeft(context)) };
  return { report, results: await executeAll(context, planned), isRefused };
}

async function executeAll(
  context: RemoveContext,
  planned: readonly Target[],
): Promise<readonly RemoveResult[]> {
  const results: RemoveResult[] = [];
  for (const one of planned) results.push(...(await execute(context, one)));
  return results;
}

function sayUntagged({ terminal, selection }: RemoveContext): void {
  if (selection?.orphans === true) terminal.err(UNTAGGED);
}

/** Whether it is a failure that nothing was done: images were named, not selected, and no plan alone was asked for. */
function isLeft({ options, selection }: RemoveContext): boolean {
  return options.dryRun !== true && selection === undefined;
}

async function prepare(
  { terminal, connections, options, selection, signal }: RemoveContext,
  { registry, repository, digests, tags }: Asked,
): Promise<Target> {
  const target = connections.registry(registry).repository(repository);
  const shows = terminal.isTTY && options.json !== true;
  const request = {
    selection,
    tags: new Set(tags.map(({ tag }) => tag)),
    digests,
    keepReferrers: options.keepReferrers === true,
    now: Date.now(),
  };
  const prepared: PreparedRemoval = await prepareRemoval(target, request, {
    signal,
    onTags: (count) => {
      if (shows && count % 100 === 0) terminal.err(`\r\u001b[K${count} tags`);
    },
  });
  if (shows) terminal.err('\r\u001b[K');
  return { registry, repository, prepared, target };
}

async function isAgreed({ terminal, options }: RemoveContext, count: number): Promise<boolean> {
  if (options.dryRun === true) return false;
  if (options.yes === true) return true;
  if (terminal.isTTY && options.json !== true) {
    const answer = await terminal.ask(count === 1 ? 'Remove it? [y/N] ' : `Remove these ${count}? [y/N] `);
    if (/^y(?:es)?$/i.test(answer.trim())) return true;
    terminal.err('Nothing was removed.\n');
  } else terminal.err('Nothing was removed. Add --yes to carry out the plan.\n');
  return false;
}

async function execute(
  { terminal, options, signal }: RemoveContext,
  { registry, repository, prepared, target }: Target,
): Promise<readonly RemoveResult[]> {
  const results: RemoveResult[] = [];
  await executeRemoval(target, prepared, {
    signal,
    onStep: (step) => {
      const result = { ...step, registry, repository };
      results.push(result);
      if (options.json !== true) terminal.err(sentence(result));
    },
    ...(options.overwrite === true ? { untag: (tag) => untag(target, tag) } : {}),
  });
  return results;
}

/** A registry that removes a tag alone is asked to. */
async function untag(target: Repository, tag: string): Promise<'deleted' | 'missing' | 'unsupported'> {
  const answer = await target.deleteManifest(tag);
  return answer === 'unsupported' ? removeTagByOverwriting(target, tag, randomUUID) : answer;
}
