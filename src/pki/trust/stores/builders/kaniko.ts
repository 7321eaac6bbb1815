import { registryName, type TrustStore } from '../store.ts';

/** kaniko runs in a container of its own, which gets the CA by a volume and an option: https://github.com/GoogleContainerTools/kaniko#flag---registry-certificate. */
export const KANIKO: TrustStore = {
  writer: 'both',
  platforms: ['linux', 'darwin', 'win32'],
  signs: { paths: () => ['/kaniko/executor'] },
  content: ({ endpoint, authority }) => ({
    files: [],
    byHand: [
      { where: 'a manifest, for kubectl apply', text: configMap(authority) },
      { where: 'the pod of kaniko', text: pod(registryName(endpoint)) },
    ],
    notes: ['kaniko has no trust store on this machine: put these lines where its pod is described.'],
    undoNotes: ['Nothing was written for kaniko: take the lines out of the description of its pod.'],
  }),
};

function configMap(authority: string): string {
  return [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    '  name: registry-gate-ca',
    'data:',
    '  ca.crt: |',
    authority.replaceAll(/^(?=.)/gm, '    '),
  ].join('\n');
}

function pod(registry: string): string {
  return [
    'containers:',
    '  - name: kaniko',
    '    args:',
    `      - ${JSON.stringify(`--registry-certificate=${registry}=/registry-gate/ca.crt`)}`,
    '    volumeMounts:',
    '      - name: registry-gate-ca',
    '        mountPath: /registry-gate',
    'volumes:',
    '  - name: registry-gate-ca',
    '    configMap:',
    '      name: registry-gate-ca',
    '',
  ].join('\n');
}
