import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { TRUST_CLIENTS, type TrustClient } from '../../../src/pki/trust/clients.ts';
import { planTrust, planUndo, type TrustPlan } from '../../../src/pki/trust/plan.ts';
import { partAsText } from '../../../src/pki/trust/steps/shared-file.ts';
import { certificateDigest, registryName, type ClientMachine } from '../../../src/pki/trust/stores/store.ts';
import { checkRights, parseClient, parseRegistry } from '../../../src/pki/trust/trust-target.ts';
import { rootMachine, userMachine } from './machines.ts';

const CA = '-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n';
const ROOT = rootMachine();
const ALICE = userMachine('/home/alice');

const GOLDEN: readonly {
  readonly name: string;
  readonly client: TrustClient;
  readonly registry: string;
  readonly machine: ClientMachine;
  readonly files: Readonly<Record<string, string>>;
  readonly install?: string;
  readonly undo?: string;
  readonly note: RegExp;
}[] = [
  {
    name: 'docker',
    client: 'docker',
    registry: 'registry.lan:5000',
    machine: ROOT,
    files: { '/etc/docker/certs.d/registry.lan:5000/ca.crt': CA },
    note: /no restart/,
  },
  {
    name: 'docker, port 443',
    client: 'docker',
    registry: 'Registry.lan:443',
    machine: ROOT,
    files: { '/etc/docker/certs.d/registry.lan/ca.crt': CA },
    note: /no restart/,
  },
  {
    name: 'docker, IPv6',
    client: 'docker',
    registry: '[fd00::5]:5000',
    machine: ROOT,
    files: { '/etc/docker/certs.d/[fd00::5]:5000/ca.crt': CA },
    note: /no restart/,
  },
  {
    name: 'rootless docker',
    client: 'docker',
    registry: '10.0.0.5',
    machine: ALICE,
    files: { '/home/alice/.config/docker/certs.d/10.0.0.5/ca.crt': CA },
    note: /rootless Docker.*sudo/,
  },
  {
    name: 'rootless docker with XDG_CONFIG_HOME',
    client: 'docker',
    registry: '10.0.0.5',
    machine: { ...ALICE, configHome: '/cfg' },
    files: { '/cfg/docker/certs.d/10.0.0.5/ca.crt': CA },
    note: /rootless/,
  },
  {
    name: 'podman',
    client: 'podman',
    registry: 'registry.lan:5000',
    machine: ROOT,
    files: { '/etc/containers/certs.d/registry.lan:5000/ca.crt': CA },
    note: /skopeo/,
  },
  {
    name: 'rootless podman, which has not heard of XDG_CONFIG_HOME',
    client: 'podman',
    registry: 'https://registry.lan/',
    machine: { ...ALICE, configHome: '/cfg' },
    files: { '/home/alice/.config/containers/certs.d/registry.lan/ca.crt': CA },
    note: /skopeo/,
  },
  {
    name: 'containerd',
    client: 'containerd',
    registry: 'registry.lan:5000',
    machine: ROOT,
    files: {
      '/etc/containerd/certs.d/registry.lan:5000/ca.crt': CA,
      '/etc/containerd/certs.d/registry.lan:5000/hosts.toml':
        'server = "https://registry.lan:5000"\nca = "/etc/containerd/certs.d/registry.lan:5000/ca.crt"\n',
    },
    note: /config_path = "\/etc\/containerd\/certs\.d"/,
  },
  {
    name: 'rootless containerd',
    client: 'containerd',
    registry: 'registry.lan',
    machine: ALICE,
    files: {
      '/home/alice/.config/containerd/certs.d/registry.lan/ca.crt': CA,
      '/home/alice/.config/containerd/certs.d/registry.lan/hosts.toml':
        'server = "https://registry.lan"\nca = "/home/alice/.config/containerd/certs.d/registry.lan/ca.crt"\n',
    },
    note: /config_path/,
  },
  {
    name: 'the store of Debian',
    client: 'system',
    registry: 'registry.lan:5000',
    machine: ROOT,
    files: { '/usr/local/share/ca-certificates/registry-gate-registry.lan-5000.crt': CA },
    install: 'update-ca-certificates',
    undo: 'update-ca-certificates --fresh',
    note: /systemctl restart docker/,
  },
  {
    name: 'the store of RHEL',
    client: 'system',
    registry: 'registry.lan',
    machine: { ...ROOT, layout: 'redhat' },
    files: { '/etc/pki/ca-trust/source/anchors/registry-gate-registry.lan.crt': CA },
    install: 'update-ca-trust extract',
    undo: 'update-ca-trust extract',
    note: /systemctl restart docker/,
  },
];

describe('planTrust', () => {
  it.each(GOLDEN)('for $name', ({ client, registry, machine, files, install, note }) => {
    const plan = planTrust({ client, endpoint: parseRegistry(registry), authority: CA, machine });
    expect(plan.steps).toEqual([
      ...Object.entries(files).map(([path, content]) => ({ action: 'write', path, content })),
      ...(install === undefined ? [] : [{ action: 'run', command: install.split(' ') }]),
    ]);
    expect(plan.notes.join('\n')).toMatch(note);
  });

  it.each(GOLDEN)('undone for $name', ({ client, registry, machine, files, undo }) => {
    const plan = planUndo({ client, endpoint: parseRegistry(registry), authority: CA, machine });
    expect(plan.steps).toEqual([
      ...Object.entries(files)
        .toReversed()
        .map(([path, content]) => ({ action: 'remove', path, content })),
      ...(undo === undefined ? [] : [{ action: 'run', command: undo.split(' ') }]),
    ]);
  });

  it.each(TRUST_CLIENTS)('for %s stays below the root that it is given, and writes no key', (client) => {
    const machine = rootMachine('/tmp/elsewhere');
    const { steps } = planTrust({ client, endpoint: parseRegistry('r.lan'), authority: CA, machine });
    const paths = steps.flatMap((step) => (step.action === 'run' ? [] : [step.path]));
    expect(paths.filter((path) => !path.startsWith('/tmp/elsewhere/'))).toEqual([]);
    // A file with the ending .cert or .key means a client certificate to Docker.
    expect(paths.filter((path) => !/\.(crt|toml|yaml|pem|sh)$/.test(path))).toEqual([]);
  });
});

/** A plan as text: what happens where, and what by hand. */
function asText({ steps, byHand }: TrustPlan): readonly string[] {
  return [
    ...steps.map((step) => {
      if (step.action === 'run') {
        const when = [
          step.unless && `unless ${step.unless.join(' ')}`,
          step.onlyIf && `if ${step.onlyIf.join(' ')}`,
        ];
        return ['run', step.command.join(' '), ...when.filter((text) => text !== undefined)].join(' | ');
      }
      if ('part' in step) return `${step.action} ${step.path} | ${partAsText(step.part)}`;
      return step.content === CA
        ? `${step.action} ${step.path}`
        : `${step.action} ${step.path} | ${step.content}`;
    }),
    ...byHand.map(({ where, text }) => `by hand: ${where} | ${text}`),
  ];
}

const OWN = '/etc/registry-gate/trust';
const LAN = `${OWN}/registry-gate-registry.lan.crt`;
const ENTRY = `registry-gate-registry.lan-${certificateDigest(CA, 'sha256').slice(0, 8)}`;
const KEYTOOL = `-cacerts -storepass changeit -alias ${ENTRY}`;
const REGISTRIES =
  'configs:\n  "registry.lan":\n    tls:\n      ca_file: "/etc/rancher/k3s/certs.d/registry.lan/ca.crt"\n';
const PROFILE = '/etc/profile.d/registry-gate.sh';
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const PYTHON_VARIABLES = `export SSL_CERT_FILE='${BUNDLE}'\nexport REQUESTS_CA_BUNDLE='${BUNDLE}'\nexport PIP_CERT='${BUNDLE}'\n`;
const ANCHOR = '/usr/local/share/ca-certificates/registry-gate-registry.lan-python.crt';

const STEPS: readonly {
  readonly client: TrustClient;
  readonly name?: string;
  readonly machine?: ClientMachine;
  readonly install: readonly string[];
  readonly undo: readonly string[];
}[] = [
  {
    client: 'docker-rootless',
    machine: ALICE,
    install: ['write /home/alice/.config/docker/certs.d/registry.lan/ca.crt'],
    undo: ['remove /home/alice/.config/docker/certs.d/registry.lan/ca.crt'],
  },
  {
    client: 'docker-desktop',
    machine: ALICE,
    install: ['write /home/alice/.docker/certs.d/registry.lan/ca.crt'],
    undo: ['remove /home/alice/.docker/certs.d/registry.lan/ca.crt'],
  },
  {
    client: 'crio',
    install: ['write /etc/containers/certs.d/registry.lan/ca.crt'],
    undo: ['remove /etc/containers/certs.d/registry.lan/ca.crt'],
  },
  {
    client: 'nerdctl',
    install: [
      'write /etc/containerd/certs.d/registry.lan/ca.crt',
      'write /etc/containerd/certs.d/registry.lan/hosts.toml | server = "https://registry.lan"\nca = "/etc/containerd/certs.d/registry.lan/ca.crt"\n',
    ],
    undo: [
      'remove /etc/containerd/certs.d/registry.lan/hosts.toml | server = "https://registry.lan"\nca = "/etc/containerd/certs.d/registry.lan/ca.crt"\n',
      'remove /etc/containerd/certs.d/registry.lan/ca.crt',
    ],
  },
  {
    client: 'k3s',
    install: [
      'write /etc/rancher/k3s/certs.d/registry.lan/ca.crt',
      `insert /etc/rancher/k3s/registries.yaml | ${REGISTRIES}`,
    ],
    undo: [
      `withdraw /etc/rancher/k3s/registries.yaml | ${REGISTRIES}`,
      'remove /etc/rancher/k3s/certs.d/registry.lan/ca.crt',
    ],
  },
  {
    client: 'rke2',
    install: [
      'write /etc/rancher/rke2/certs.d/registry.lan/ca.crt',
      `insert /etc/rancher/rke2/registries.yaml | ${REGISTRIES.replace('k3s', 'rke2')}`,
    ],
    undo: [
      `withdraw /etc/rancher/rke2/registries.yaml | ${REGISTRIES.replace('k3s', 'rke2')}`,
      'remove /etc/rancher/rke2/certs.d/registry.lan/ca.crt',
    ],
  },
  {
    client: 'buildx',
    machine: ALICE,
    install: [
      'write /home/alice/.config/registry-gate/trust/registry-gate-registry.lan.crt',
      'insert /home/alice/.docker/buildx/buildkitd.default.toml | [registry."registry.lan"]\n  ca = ["/home/alice/.config/registry-gate/trust/registry-gate-registry.lan.crt"]\n',
    ],
    undo: [
      'withdraw /home/alice/.docker/buildx/buildkitd.default.toml | [registry."registry.lan"]\n  ca = ["/home/alice/.config/registry-gate/trust/registry-gate-registry.lan.crt"]\n',
      'remove /home/alice/.config/registry-gate/trust/registry-gate-registry.lan.crt',
    ],
  },
  {
    client: 'gitlab-dind',
    install: [
      'write /etc/gitlab-runner/certs.d/registry.lan/ca.crt',
      'by hand: [runners.docker] in /etc/gitlab-runner/config.toml | volumes = ["/certs/client", "/cache", "/etc/gitlab-runner/certs.d:/etc/docker/certs.d:ro"]\n',
    ],
    undo: ['remove /etc/gitlab-runner/certs.d/registry.lan/ca.crt'],
  },
  {
    client: 'java',
    install: [
      `write ${LAN}`,
      `run | keytool -importcert -noprompt ${KEYTOOL} -file ${LAN} | unless keytool -list ${KEYTOOL}`,
    ],
    undo: [`run | keytool -delete ${KEYTOOL} | if keytool -list ${KEYTOOL}`, `remove ${LAN}`],
  },
  {
    client: 'node',
    install: [
      `insert ${OWN}/node.pem | ${CA}`,
      `insert ${PROFILE} | export NODE_EXTRA_CA_CERTS='${OWN}/node.pem'\n`,
    ],
    undo: [
      `withdraw ${PROFILE} | export NODE_EXTRA_CA_CERTS='${OWN}/node.pem'\n`,
      `withdraw ${OWN}/node.pem | ${CA}`,
    ],
  },
  {
    client: 'python',
    install: [`write ${ANCHOR}`, `insert ${PROFILE} | ${PYTHON_VARIABLES}`, 'run | update-ca-certificates'],
    undo: [
      `withdraw ${PROFILE} | ${PYTHON_VARIABLES}`,
      `remove ${ANCHOR}`,
      'run | update-ca-certificates --fresh',
    ],
  },
  {
    client: 'firefox',
    machine: rootMachine('/', { nssFolders: ['/home/a b/p'] }),
    install: [
      `write ${LAN}`,
      `run | certutil -A -d sql:/home/a b/p -n ${ENTRY} -t C,, -i ${LAN} | unless certutil -L -d sql:/home/a b/p -n ${ENTRY}`,
    ],
    undo: [
      `run | certutil -D -d sql:/home/a b/p -n ${ENTRY} | if certutil -L -d sql:/home/a b/p -n ${ENTRY}`,
      `remove ${LAN}`,
    ],
  },
  {
    client: 'system',
    name: 'Arch',
    machine: rootMachine('/', { layout: 'arch' }),
    install: [
      'write /etc/ca-certificates/trust-source/anchors/registry-gate-registry.lan.crt',
      'run | update-ca-trust',
    ],
    undo: [
      'remove /etc/ca-certificates/trust-source/anchors/registry-gate-registry.lan.crt',
      'run | update-ca-trust',
    ],
  },
  {
    client: 'system',
    name: 'SUSE',
    machine: rootMachine('/', { layout: 'suse' }),
    install: ['write /etc/pki/trust/anchors/registry-gate-registry.lan.crt', 'run | update-ca-certificates'],
    undo: ['remove /etc/pki/trust/anchors/registry-gate-registry.lan.crt', 'run | update-ca-certificates'],
  },
  {
    client: 'system',
    name: 'a system that has only a list',
    machine: rootMachine('/', { layout: 'bundle' }),
    install: [`insert ${BUNDLE} | ${CA}`],
    undo: [`withdraw ${BUNDLE} | ${CA}`],
  },
  {
    client: 'macos',
    machine: rootMachine('/', { platform: 'darwin' }),
    install: [
      `write ${LAN}`,
      `run | security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${LAN} | unless security verify-cert -q -c ${LAN}`,
    ],
    undo: [
      `run | security remove-trusted-cert -d ${LAN} | if security verify-cert -q -c ${LAN}`,
      `remove ${LAN}`,
    ],
  },
];

describe('the steps', () => {
  it.each(STEPS)('for $client $name', ({ client, machine = ROOT, install, undo }) => {
    const options = { client, endpoint: parseRegistry('registry.lan'), authority: CA, machine };
    expect(asText(planTrust(options))).toEqual(install);
    expect(asText(planUndo(options))).toEqual(undo);
  });

  it('for kaniko are lines for the pod', () => {
    const options = {
      client: 'kaniko',
      endpoint: parseRegistry('registry.lan:5000'),
      authority: CA,
    } as const;
    const { steps, byHand } = planTrust({ ...options, machine: ALICE });
    expect(steps).toEqual([]);
    const [manifest, pod] = byHand.map(({ text }): unknown => parse(text));
    expect(manifest).toMatchObject({ kind: 'ConfigMap', data: { 'ca.crt': CA } });
    expect(pod).toMatchObject({
      containers: [{ args: ['--registry-certificate=registry.lan:5000=/registry-gate/ca.crt'] }],
      volumes: [{ configMap: { name: 'registry-gate-ca' } }],
    });
  });

  it.each(['windows', 'docker-desktop'] as const)('for %s on Windows put quotes around a path', (client) => {
    const machine = userMachine("C:\\Users\\o'neil", { platform: 'win32' });
    const options = { client, endpoint: parseRegistry('registry.lan'), authority: CA, machine };
    const [, run] = asText(planTrust(options));
    expect(run).toContain("o''neil");
    expect(asText(planUndo(options))[0]).toContain(
      `Remove-Item -LiteralPath 'Cert:\\LocalMachine\\Root\\${certificateDigest(CA, 'sha1').toUpperCase()}'`,
    );
  });

  it('for kind copy into each node, and compare first', () => {
    const options = { client: 'kind', endpoint: parseRegistry('registry.lan:5000'), authority: CA } as const;
    const [write, hosts, run] = asText(planTrust({ ...options, machine: ROOT }));
    const folder = `${OWN}/kind/registry-gate-registry.lan-5000`;
    const inNode = '/etc/containerd/certs.d/registry.lan:5000';
    expect(write).toBe(`write ${folder}/ca.crt`);
    expect(hosts).toContain(`ca = "${inNode}/ca.crt"`);
    expect(run).toMatch(/^run \| sh -euc [^|]*docker exec[^|]* \| unless sh -euc [^|]*cmp/);
    expect(run).toContain(`sh ${folder} ${inNode}`);
  });
});

describe('parseRegistry', () => {
  it.each([
    ['registry.lan', 'registry.lan'],
    ['HTTPS://Registry.lan:443/', 'registry.lan'],
    ['registry.lan:80', 'registry.lan:80'],
    ['::1', '[::1]'],
    ['[::1]:443', '[::1]'],
  ])('%s is the folder %s', (text, folder) => {
    expect(registryName(parseRegistry(text))).toBe(folder);
  });

  it.each(['', '*.registry.lan', '../../etc', 'a/b', '..', 'registry.lan:0', 'a\nb', 'my_host'])(
    'refuses %j',
    (text) => {
      expect(() => parseRegistry(text)).toThrow(expect.objectContaining({ code: 'HOST_INVALID' }));
    },
  );
});

describe('parseClient and checkRights', () => {
  it('refuse a client that is not known', () => {
    expect(() => parseClient('rocket')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it.each([
    { client: 'system', machine: ALICE, says: /Only root/ },
    { client: 'k3s', machine: ALICE, says: /Only root/ },
    { client: 'docker-rootless', machine: ROOT, says: /this is root/ },
    { client: 'macos', machine: ROOT, says: /another operating system/ },
    { client: 'docker', machine: { ...ROOT, platform: 'darwin' }, says: /another operating system/ },
  ] as const)('refuse $client where it can not be set up', ({ client, machine, says }) => {
    expect(() => checkRights(client, machine)).toThrow(says);
  });

  it.each([
    { client: 'system', machine: ROOT },
    { client: 'docker', machine: ALICE },
    { client: 'docker-rootless', machine: ALICE },
    { client: 'windows', machine: { ...ALICE, platform: 'win32' } },
  ] as const)('let $client be set up', ({ client, machine }) => {
    expect(() => checkRights(client, machine)).not.toThrow();
  });
});
