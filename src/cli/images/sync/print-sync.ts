import type { SyncFile } from '../../../config/sync/sync-file.ts';
import type { SyncItem, SyncPlan } from '../../../images/sync/plan-sync.ts';
import type { SyncResult } from '../../../images/sync/run-sync.ts';
import { printable, printableJson } from '../../../lib/printable.ts';
import { renderSize } from '../../terminal/amounts.ts';
import { printTable } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';

const COLUMNS = [
  { title: 'SOURCE', cut: true },
  { title: 'TARGET', cut: true },
  { title: 'PLAN' },
  { title: 'WHY', cut: true },
];

const REASONS: Readonly<Record<SyncItem['state'], string>> = {
  same: '',
  copy: 'not there',
  move: 'the tag is another image there',
  refer: 'not all that refers to it is there',
  prune: 'not in the plan',
  fail: '',
};

/** Prints what would be done, and how much is the same already. */
export function printPlan(terminal: Terminal, { items, failures, skipped }: SyncPlan): void {
  const todo = items.filter(({ state }) => state !== 'same');
  const rows = [
    ...todo.map((item) => [
      item.state === 'prune' ? '' : `${item.rule.source}:${item.tag}`,
      `${item.rule.target}:${item.tag}`,
      item.state,
      item.error?.message ?? REASONS[item.state],
    ]),
    ...failures.map(({ rule, error }) => [rule.source, rule.target, 'fail', error.message]),
  ];
  if (rows.length > 0) printTable(terminal, COLUMNS, rows);
  const same = items.length - todo.length;
  const what = todo.length === 0 ? '' : ` To do: ${todo.length}, with --yes.`;
  terminal.err(`Same: ${same}. Not taken: ${skipped}.${what}\n`);
}

/** Returns the line of a result: `copied library/alpine:3.20 -> mirror/alpine:3.20 (3.6MB)`. */
export function resultLine({ item: { rule, tag }, outcome, copied, error }: SyncResult): string {
  const target = `${rule.target}:${tag}`;
  const names = outcome === 'pruned' ? target : `${rule.source}:${tag} -> ${target}`;
  const size = outcome === 'copied' || outcome === 'moved' ? ` (${renderSize(copied)})` : '';
  return `${outcome} ${names}${size}${error === undefined ? '' : `: ${printable(error.message)}`}\n`;
}

interface SyncReport {
  readonly file: SyncFile;
  readonly plan: SyncPlan;
  /** Undefined if nothing was done. */
  readonly results: readonly SyncResult[] | undefined;
}

/** Prints the plan, with what became of it, as JSON. */
export function printReport(terminal: Terminal, { file, plan, results }: SyncReport): void {
  const done = new Map(results?.map((result) => [result.item, result]));
  const images = plan.items.map((item) => imageJson(item, done.get(item)));
  const failures = plan.failures.map(({ rule, error }) => ({ source: rule.source, error: error.message }));
  const report = { from: file.from, to: file.to, images, failures, skipped: plan.skipped };
  terminal.out(`${printableJson(report, 2)}\n`);
}

function imageJson(item: SyncItem, result: SyncResult | undefined): object {
  const { rule, tag, state, digest = null, before = null } = item;
  const { outcome = null, copied = 0, error = item.error } = result ?? {};
  const { source, target } = rule;
  return { source, target, tag, plan: state, digest, before, outcome, copied, error: error?.message ?? null };
}
