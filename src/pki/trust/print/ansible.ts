import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { commandLine } from './command-line.ts';
import type { TrustClient } from '../clients.ts';
import type { TrustPlan, TrustStep } from '../plan.ts';
import { partAsText } from '../steps/shared-file.ts';
import type { SystemLayout } from '../stores/store.ts';

/** What Ansible calls the systems of a layout (`ansible_facts.os_family`). */
const FAMILIES: readonly (readonly [SystemLayout, readonly string[]])[] = [
  ['debian', ['Debian', 'Alpine']],
  ['redhat', ['RedHat']],
  ['arch', ['Archlinux']],
  ['suse', ['Suse']],
];

/** The tasks of a play, for root (`become: true`). What differs between distributions is planned for each family. */
export function ansibleTasks(
  client: TrustClient,
  planFor: (layout: SystemLayout) => TrustPlan,
): readonly object[] {
  const plan = planFor('debian');
  const isAlike = FAMILIES.every(([layout]) => isDeepStrictEqual(planFor(layout).steps, plan.steps));
  if (isAlike) return tasksOf(client, plan, undefined);
  return FAMILIES.flatMap(([layout, families]) => tasksOf(client, planFor(layout), { layout, families }));
}

interface Family {
  readonly layout: SystemLayout;
  readonly families: readonly string[];
}

function tasksOf(client: TrustClient, { steps }: TrustPlan, family: Family | undefined): readonly object[] {
  const result = `registry_gate_${client.replaceAll('-', '_')}${family === undefined ? '' : `_${family.layout}`}`;
  const condition =
    family === undefined
      ? []
      : [`ansible_facts.os_family in ${JSON.stringify(family.families).replaceAll('"', "'")}`];
  const folders = new Set(steps.flatMap((step) => (step.action === 'run' ? [] : [dirname(step.path)])));
  return [
    ...[...folders].map((path) => ({
      name: `The folder ${path}`,
      'ansible.builtin.file': { path, state: 'directory', mode: '0755' },
      ...(condition.length === 0 ? {} : { when: condition }),
    })),
    ...steps.map((step) => {
      const isRun = step.action === 'run';
      // A program that cannot be asked whether it knows the certificate runs when that has changed.
      const when = isRun && step.unless === undefined ? [...condition, `${result} is changed`] : condition;
      return {
        name: `Trust the CA of the registry: ${isRun ? step.command[0] : step.path}`,
        ...moduleOf(step),
        ...(step === steps[0] ? { register: result } : {}),
        ...(when.length === 0 ? {} : { when }),
      };
    }),
  ];
}

function moduleOf(step: TrustStep): object {
  if (step.action === 'run') {
    return step.unless === undefined
      ? { 'ansible.builtin.command': { argv: step.command } }
      : { 'ansible.builtin.shell': commandLine(step), changed_when: false };
  }
  if (step.action === 'write') return copy(step.path, step.content, { mode: '0644' });
  if (step.action !== 'insert') return {};
  const { path, part } = step;
  // One that exists stays: only its owner knows what else is in it.
  if (part.kind === 'yaml') return copy(path, partAsText(part), { mode: '0600', force: false });
  return {
    'ansible.builtin.blockinfile': {
      path,
      create: true,
      mode: '0644',
      marker: `# registry-gate: {mark} ${part.name}`,
      marker_begin: 'begin',
      marker_end: 'end',
      block: part.content,
    },
  };
}

function copy(dest: string, content: string, more: object): object {
  return { 'ansible.builtin.copy': { dest, content, ...more } };
}
