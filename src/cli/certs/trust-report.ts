import { printableJson } from '../../lib/printable.ts';
import type { TrustClient } from '../../pki/trust/clients.ts';
import type { TrustPlan, TrustStep } from '../../pki/trust/plan.ts';
import type { StepOutcome } from '../../pki/trust/steps/apply.ts';
import { partAsText } from '../../pki/trust/steps/shared-file.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What happened, or would happen, for one client. */
export interface ClientReport {
  readonly client: TrustClient;
  readonly steps: readonly {
    readonly step: TrustStep;
    readonly outcome: StepOutcome['outcome'] | 'planned';
  }[];
  readonly byHand: TrustPlan['byHand'];
  readonly notes: readonly string[];
}

/** Prints one JSON object: each step with its `client` and `outcome`, which is `planned` in a dry run. */
export function printJson(
  terminal: Terminal,
  reports: readonly ClientReport[],
  warnings: readonly string[],
): void {
  const steps = reports.flatMap(({ client, steps }) =>
    steps.map(({ step, outcome }) => ({ client, ...step, outcome })),
  );
  const byHand = reports.flatMap(({ client, byHand }) => byHand.map((lines) => ({ client, ...lines })));
  const notes = [...new Set(reports.flatMap(({ notes }) => notes))];
  terminal.out(`${printableJson({ steps, byHand, notes, warnings }, 2)}\n`);
}

/** Prints what a dry run would do. */
export function printPlan(terminal: Terminal, { steps, byHand }: ClientReport): void {
  terminal.out(steps.map(({ step }) => describeStep(step)).join(''));
  terminal.out(byHand.map(({ where, text }) => `put into ${where}\n${indented(text)}`).join(''));
}

/** Prints what was done on stderr; what is to be done by hand on stdout, ready to be copied. */
export function printDone(terminal: Terminal, { steps, byHand, notes }: ClientReport): void {
  terminal.err(steps.map(describeOutcome).join(''));
  for (const { where, text } of byHand) {
    terminal.err(`Put this into ${where}:\n`);
    terminal.out(text);
  }
  terminal.err(notes.map((note) => `${note}\n`).join(''));
}

function describeStep(step: TrustStep): string {
  switch (step.action) {
    case 'write':
      return `write ${step.path}\n${indented(step.content)}`;
    case 'remove':
      return `remove ${step.path}\n`;
    case 'insert':
      return `add to ${step.path}\n${indented(partAsText(step.part))}`;
    case 'withdraw':
      return `take out of ${step.path}\n${indented(partAsText(step.part))}`;
    case 'run':
      return `run ${step.command.join(' ')}\n`;
  }
}

const DONE: Readonly<Record<TrustStep['action'], (what: string) => string>> = {
  write: (what) => `Wrote ${what}.\n`,
  remove: (what) => `Removed ${what}.\n`,
  insert: (what) => `Added it to ${what}.\n`,
  withdraw: (what) => `Took it out of ${what}.\n`,
  run: (what) => `Ran ${what}.\n`,
};

const SAME: Readonly<Record<TrustStep['action'], (what: string) => string>> = {
  write: (what) => `${what} is up to date.\n`,
  remove: (what) => `${what} did not exist.\n`,
  insert: (what) => `${what} has it.\n`,
  withdraw: (what) => `${what} did not have it.\n`,
  run: () => '',
};

function describeOutcome({ step, outcome }: ClientReport['steps'][number]): string {
  const what = step.action === 'run' ? step.command.join(' ') : step.path;
  if (outcome === 'kept') return `Left ${what}: it has other content.\n`;
  return (outcome === 'done' ? DONE : SAME)[step.action](what);
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}
