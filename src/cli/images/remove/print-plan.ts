import { freedBytes, type RemovalPlan, type TagPlan } from '../../../images/remove/plan.ts';
import type { PreparedRemoval } from '../../../images/remove/prepare.ts';
import { shortDigest } from '../../../images/remove/select.ts';
import { renderAge, renderSize } from '../../terminal/amounts.ts';
import { printTable } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';

export interface PlannedRepository {
  readonly registry: string;
  readonly repository: string;
  readonly prepared: PreparedRemoval;
}

const COLUMNS = [
  { title: 'REPOSITORY', cut: true },
  { title: 'TAG' },
  { title: 'DIGEST' },
  { title: 'CREATED' },
  { title: 'PLAN' },
  { title: 'WHY', cut: true },
];

/** How many tags and manifests go. */
export function countOf(planned: readonly PlannedRepository[]): number {
  return planned.reduce(
    (sum, { prepared: { plan } }) => sum + plan.manifests.length + aloneOf(plan).length,
    0,
  );
}

function aloneOf({ tags }: RemovalPlan): readonly TagPlan[] {
  return tags.filter(({ action }) => action === 'untag');
}

/** Prints every tag with what becomes of it and why; with `isWhole` false only those that are touched. */
export function printPlan(terminal: Terminal, planned: readonly PlannedRepository[], isWhole: boolean): void {
  const rows = planned.flatMap(({ repository, prepared }) =>
    prepared.plan.tags
      .filter(({ action }) => isWhole || action !== 'keep')
      .map((tag) => [repository, ...cellsOf(terminal, prepared, tag)]),
  );
  if (rows.length > 0) printTable(terminal, COLUMNS, rows);
  for (const { repository, prepared } of planned)
    for (const [digest, reason] of prepared.plan.refused)
      terminal.err(`${repository}@${shortDigest(digest)} stays: ${reason}.\n`);
  terminal.err(summaryOf(planned));
}

function cellsOf(
  { isOutTTY }: Terminal,
  { contents, request }: PreparedRemoval,
  { tag, digest, action, reason }: TagPlan,
): readonly string[] {
  const created = contents.manifests.get(digest)?.created;
  const when = isOutTTY ? renderAge(created, request.now) : isoOf(created);
  return [tag, isOutTTY ? shortDigest(digest) : digest, when ?? '', action, reason];
}

function summaryOf(planned: readonly PlannedRepository[]): string {
  const plans = planned.map(({ prepared }) => prepared.plan);
  const count = countOf(planned);
  if (count === 0) return 'Nothing to remove.\n';
  const manifests = plans.flatMap((plan) => plan.manifests);
  const inner = manifests.filter(({ tags, role }) => tags.length === 0 && role === 'child').length;
  const referrers = manifests.filter(({ role }) => role === 'referrer').length;
  const tags = plans.flatMap((plan) => plan.tags).filter(({ action }) => action !== 'keep').length;
  const also = [
    ...(inner === 0 ? [] : [`images of indexes: ${inner}`]),
    ...(referrers === 0 ? [] : [`referrers: ${referrers}`]),
  ];
  const along = also.length === 0 ? '' : ` (of these ${also.join(', ')})`;
  const most = plans.some(({ isAtMost }) => isAtMost) ? 'at most ' : '';
  return `Tags: ${tags}. Manifests: ${manifests.length}${along}. Space: ${most}${renderSize(bytesOf(planned))}, less what repositories that are not named here share.\n`;
}

/** Repositories of one registry share a store of blobs. */
function bytesOf(planned: readonly PlannedRepository[]): number {
  const registries = new Set(planned.map(({ registry }) => registry));
  return [...registries].reduce((sum, registry) => {
    const own = planned.filter((one) => one.registry === registry);
    return sum + freedBytes(own.map(({ prepared }) => prepared.plan));
  }, 0);
}

function isoOf(moment: number | undefined): string | undefined {
  return moment === undefined ? undefined : new Date(moment).toISOString();
}

/** The plan as `--json` prints it. */
export function planJson(planned: readonly PlannedRepository[]): object {
  return {
    repositories: planned.map(({ registry, repository, prepared: { plan, contents } }) => ({
      registry,
      repository,
      tags: plan.tags.map(({ tag, digest, action, reason }) => ({
        tag,
        digest,
        created: isoOf(contents.manifests.get(digest)?.created) ?? null,
        action,
        reason,
      })),
      manifests: plan.manifests.map(({ digest, role, tags }) => ({ digest, role, tags })),
      refused: [...plan.refused].map(([digest, reason]) => ({ digest, reason })),
      freedBytes: freedBytes([plan]),
    })),
    freedBytes: bytesOf(planned),
    isAtMost: planned.some(({ prepared }) => prepared.plan.isAtMost),
  };
}
