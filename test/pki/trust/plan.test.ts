import { describe, expect, it } from 'vitest';
import { TRUST_CLIENTS, planTrust, planUndo, type TrustClient } from '../../../src/pki/trust/plan.ts';
import { registryName, type ClientMachine } from '../../../src/pki/trust/stores/store.ts';
import { checkRights, parseClient, parseRegistry } from '../../../src/pki/trust/trust-target.ts';

const CA = '-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n';
const ROOT: ClientMachine = {
  root: '/',
  isRoot: true,
  home: '/root',
  configHome: '/root/.config',
  layout: 'debian',
};
const ALICE: ClientMachine = {
  root: '/',
  isRoot: false,
  home: '/home/alice',
  configHome: '/home/alice/.config',
  layout: 'debian',
};

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

  it.each(TRUST_CLIENTS)('for %s stays below the root that it is given', (client) => {
    const machine = { ...ROOT, root: '/tmp/elsewhere' };
    const { steps } = planTrust({ client, endpoint: parseRegistry('r.lan'), authority: CA, machine });
    const paths = steps.flatMap((step) => (step.action === 'run' ? [] : [step.path]));
    expect(paths.filter((path) => !path.startsWith('/tmp/elsewhere/'))).toEqual([]);
    expect(paths.filter((path) => !/\/(ca\.crt|hosts\.toml|registry-gate-r\.lan\.crt)$/.test(path))).toEqual(
      [],
    );
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

  it('refuse the store of the system to all but root', () => {
    expect(() => checkRights('system', ALICE)).toThrow(expect.objectContaining({ code: 'TRUST_FAILED' }));
    expect(() => checkRights('system', ROOT)).not.toThrow();
    expect(() => checkRights('docker', ALICE)).not.toThrow();
  });
});
