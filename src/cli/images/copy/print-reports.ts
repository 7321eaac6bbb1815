import type { CopyReport } from '../../../images/copy/request/copy-request.ts';
import { printable, printableJson } from '../../../lib/printable.ts';
import { renderSize } from '../../terminal/amounts.ts';
import { printTable, type Column } from '../../terminal/table.ts';
import type { Terminal } from '../../terminal/terminal.ts';

const COLUMNS: readonly Column[] = [
  { title: 'IMAGE' },
  { title: 'DIGEST' },
  { title: 'STATE' },
  { title: 'COPIED', align: 'right' },
  { title: 'MOUNTED', align: 'right' },
  { title: 'SKIPPED', align: 'right' },
];

/** Prints what was copied. `json`: a value in place of a table. The notes go to standard error. */
export function printReports(
  reports: readonly CopyReport[],
  terminal: Terminal,
  json: (() => unknown) | undefined,
): void {
  for (const { notes, source } of reports)
    for (const note of notes) terminal.err(`${printable(source)}: ${printable(note)}\n`);
  if (json !== undefined) terminal.out(`${printableJson(json(), 2)}\n`);
  else printTable(terminal, COLUMNS, reports.flatMap(rowsOf));
}

function rowsOf(report: CopyReport): readonly (readonly string[])[] {
  const { digest, alreadyThere, copied, mounted, skipped } = report;
  const cells = [
    digest,
    alreadyThere ? 'already there' : 'copied',
    renderSize(copied),
    renderSize(mounted),
    renderSize(skipped),
  ];
  return namesOf(report).map((name) => [name, ...cells]);
}

/** Returns the image as one names it in the target. */
function namesOf({ target, names, digest, isArchive }: CopyReport): readonly string[] {
  if (isArchive) return names.length === 0 ? [target] : names;
  return names.length === 0 ? [`${target}@${digest}`] : names.map((name) => `${target}:${name}`);
}
