import { printable, printableJson } from '../../lib/printable.ts';
import type { Check } from '../../doctor/check.ts';
import { hasColours, paint, type Colour } from '../terminal/colours.ts';
import type { Terminal } from '../terminal/terminal.ts';

const MARKS = { fine: '✓', wrong: '✗', skipped: '–' } as const;
const COLOURS: Readonly<Record<Check['verdict'], Colour>> = { fine: 'green', wrong: 'red', skipped: 'dim' };

/** What the checks of one run were about, and what they found. */
export interface Report {
  /** As in image names. Undefined if only the server was looked at. */
  readonly registry: string | undefined;
  readonly checks: readonly Check[];
  /** The ids of what --fix has cured. */
  readonly fixed: readonly string[];
}

/** One line for each check, and the command that cures it on a line of its own. */
export function printReport({ checks }: Report, terminal: Terminal): void {
  const isColoured = hasColours(terminal);
  const lines = checks.map(({ verdict, what, why, cure }) => {
    const mark = paint(MARKS[verdict], COLOURS[verdict], isColoured);
    const line = `${mark} ${printable(what)}: ${printable(why)}\n`;
    return cure === undefined ? line : `${line}    ${printable(cure)}\n`;
  });
  terminal.out(terminal.typed(lines.join('')));
}

/** docs/doctor.schema.json describes it. */
export function printJson({ registry, checks, fixed }: Report, terminal: Terminal): void {
  const isWell = checks.every(({ verdict }) => verdict !== 'wrong');
  const rows = checks.map(({ id, verdict, what, why, cure, fix }) => ({
    id,
    verdict,
    what,
    why: terminal.typed(why),
    ...(cure === undefined ? {} : { cure: terminal.typed(cure) }),
    canFix: fix !== undefined,
  }));
  terminal.out(
    `${printableJson({ ...(registry === undefined ? {} : { registry }), isWell, checks: rows, fixed }, 2)}\n`,
  );
}
