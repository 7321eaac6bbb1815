import { dirname } from 'node:path';
import { AppError } from '../../../lib/errors.ts';
import { shellWord } from '../../../lib/shell-word.ts';
import type { Endpoint } from '../../x509/subject-names.ts';
import type { TrustClient } from '../clients.ts';
import type { TrustPlan, TrustStep } from '../plan.ts';
import { partAsText } from '../steps/shared-file.ts';
import { fileName } from '../stores/store.ts';

/** Any image with a shell will do; it has to come from a registry that the nodes trust already. */
const IMAGE = 'busybox:stable';
const FILES = '/registry-gate';

interface NodeFile {
  readonly key: string;
  readonly path: string;
  readonly content: string;
  /** A file of others, which is only written where there is none. */
  readonly isShared: boolean;
}

/** A ConfigMap and a DaemonSet that write the files on each node, also on those that join later. Throws AppError USAGE for a client that needs a program to run. */
export function daemonSet(client: TrustClient, { steps }: TrustPlan, endpoint: Endpoint): readonly object[] {
  const files = steps.map((step, at) => fileOf(step, at, client));
  const name = `${fileName(endpoint)}-${client}`.replaceAll('.', '-');
  const metadata = { name, namespace: 'kube-system', labels: { app: name } };
  const data = Object.fromEntries(files.map(({ key, content }) => [key, content]));
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata,
      spec: {
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: podOf(name, files) },
      },
    },
  ];
}

function fileOf(step: TrustStep, at: number, client: TrustClient): NodeFile {
  const key = `file-${at}`;
  if (step.action === 'write') return { key, path: step.path, content: step.content, isShared: false };
  if (step.action === 'insert' && step.part.kind === 'yaml')
    return { key, path: step.path, content: partAsText(step.part), isShared: true };
  throw new AppError('USAGE', {
    message: `${client} needs more than files, so a DaemonSet can't set it up on a node.`,
    hint: 'Use --print ansible or --print cloud-init for it.',
  });
}

function podOf(name: string, files: readonly NodeFile[]): object {
  const folders = [...new Set(files.map(({ path }) => topOf(path)))];
  const mounts = folders.map((folder, at) => ({ name: `node-${at}`, mountPath: `/node${folder}` }));
  const container = {
    image: IMAGE,
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
  };
  return {
    // Nodes with taints pull images too.
    tolerations: [{ operator: 'Exists' }],
    initContainers: [
      {
        name: 'write',
        ...container,
        command: ['sh', '-euc', files.map(copyLine).join('\n')],
        volumeMounts: [{ name: 'files', mountPath: FILES, readOnly: true }, ...mounts],
      },
    ],
    containers: [
      {
        name: 'wait',
        ...container,
        command: ['sh', '-c', "trap 'exit 0' TERM; while :; do sleep 3600 & wait; done"],
      },
    ],
    volumes: [
      { name: 'files', configMap: { name } },
      ...folders.map((path, at) => ({ name: `node-${at}`, hostPath: { path, type: 'DirectoryOrCreate' } })),
    ],
  };
}

/** `/etc/containerd` of a file in it: the part of the node that the pod sees. */
function topOf(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}

function copyLine({ key, path, isShared }: NodeFile): string {
  const target = shellWord(`/node${path}`);
  const copy = `mkdir -p ${shellWord(dirname(`/node${path}`))} && cp ${FILES}/${key} ${target}`;
  return isShared ? `[ -s ${target} ] || { ${copy}; }` : copy;
}
