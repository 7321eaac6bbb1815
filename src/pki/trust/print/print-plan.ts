import { AppError } from '../../../lib/errors.ts';
import type { TrustClient } from '../clients.ts';
import { planTrust, type TrustPlan } from '../plan.ts';
import type { ClientMachine, TrustRequest } from '../stores/store.ts';
import { ansibleTasks } from './ansible.ts';
import { cloudInit } from './cloud-init.ts';
import { daemonSet } from './daemon-set.ts';

/** The forms in which a plan for other machines can be printed. */
export const PRINT_FORMATS = ['cloud-init', 'ansible', 'daemonset'] as const;
type PrintFormat = (typeof PRINT_FORMATS)[number];

/** The clients that belong to a whole machine, and whose plan needs nothing by hand. */
const OF_A_MACHINE: readonly TrustClient[] = [
  'docker',
  'podman',
  'crio',
  'containerd',
  'nerdctl',
  'k3s',
  'rke2',
  'java',
  'node',
  'python',
  'system',
];

interface PrintRequest extends Omit<TrustRequest, 'machine'> {
  readonly client: TrustClient;
  readonly format: PrintFormat;
}

/** A Linux machine as root sees it. What depends on its distribution is planned for Debian, and for Ansible for each. */
const MACHINE: ClientMachine = {
  platform: 'linux',
  root: '/',
  isRoot: true,
  home: '/root',
  configHome: '/root/.config',
  dockerConfig: '/root/.docker',
  runtimeFolder: undefined,
  layout: 'debian',
  programFolders: [],
  nssFolders: [],
};

/**
 * Returns a plan for machines that something else sets up, as the values of YAML documents: cloud-init at the first start
 * of a machine, the tasks of an Ansible play, a DaemonSet of Kubernetes. Throws AppError USAGE where a form can't hold it.
 */
export function printablePlan({ client, format, ...request }: PrintRequest): readonly unknown[] {
  if (!OF_A_MACHINE.includes(client)) {
    throw new AppError('USAGE', {
      message: `${client} belongs to one user or is set up by hand in part, so --print has nothing for it.`,
      hint: `--print takes --for with one of ${OF_A_MACHINE.join(', ')}.`,
    });
  }
  const planFor = (layout: ClientMachine['layout']): TrustPlan =>
    planTrust({ client, ...request, machine: { ...MACHINE, layout } });
  if (format === 'cloud-init') return [cloudInit(planFor('debian'))];
  if (format === 'ansible') return [ansibleTasks(client, planFor)];
  return daemonSet(client, planFor('debian'), request.endpoint);
}
