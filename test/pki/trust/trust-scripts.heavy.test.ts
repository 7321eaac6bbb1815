import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { yamlEditor } from '../../../src/config/yaml-edit.ts';
import { authorityFingerprint } from '../../../src/pki/x509/certificate-file.ts';
import type { TrustClient } from '../../../src/pki/trust/clients.ts';
import { planTrust } from '../../../src/pki/trust/plan.ts';
import { applyPlan } from '../../../src/pki/trust/steps/apply.ts';
import type { ClientMachine } from '../../../src/pki/trust/stores/store.ts';
import { parseRegistry } from '../../../src/pki/trust/trust-target.ts';
import { TRUST_SCRIPTS } from '../../../src/pki/trust/trust-scripts.ts';
import { must, run, type Ran } from '../../support/programs.ts';
import { describeWith, findProgram } from '../../support/requires.ts';
import { startTestGate, type TestGate } from '../../support/test-gate.ts';
import { rootMachine, userMachine } from './machines.ts';

const SHELLS = ['dash', 'bash', 'bash --posix', 'busybox sh'];

/** The clients of the script that root sets up, and those of another user. */
const OF_ROOT = [
  'docker',
  'podman',
  'crio',
  'containerd',
  'nerdctl',
  'k3s',
  'rke2',
  'buildx',
  'node',
  'python',
  'system',
] as const;
const OF_A_USER = [
  'docker',
  'docker-rootless',
  'docker-desktop',
  'podman',
  'containerd',
  'nerdctl',
  'buildx',
  'node',
] as const;

const asRoot = process.getuid?.() === 0 ? [] : ['the rights of root'];

describeWith(['dash', 'bash', 'busybox', 'curl', 'wget', ...asRoot], '/trust.sh', () => {
  let gate: TestGate;
  let folder = '';
  let fingerprint = '';
  let place = '';

  beforeAll(async () => {
    gate = await startTestGate({ backend: 'http://127.0.0.1:1' });
    folder = await mkdtemp(join(tmpdir(), 'trust-script-'));
    place = `127.0.0.1:${gate.port}`;
    fingerprint = new X509Certificate(gate.ca).fingerprint256;
    await writeFile(join(folder, 'trust.sh'), await fetched('/trust.sh'), { mode: 0o644 });
  });

  afterAll(async () => {
    await gate.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Over a connection that is verified with the CA, as the README does it. */
  async function fetched(path: string): Promise<string> {
    await writeFile(join(folder, 'ca.crt'), gate.ca);
    const text = await must('curl', ['-fsS', '--cacert', join(folder, 'ca.crt'), `https://${place}${path}`]);
    return `${text}\n`;
  }

  const makeRoot = (): Promise<string> => mkdtemp(join(folder, 'root-'));

  interface Call {
    readonly shell?: readonly string[];
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  }

  /** As root whose `/` is another folder. */
  function trust(root: string, { shell = ['sh'], args, env = {} }: Call): Promise<Ran> {
    const words = [...shell, join(folder, 'trust.sh'), ...args];
    return run('env', [
      '-i',
      `PATH=${process.env['PATH']}`,
      ...variables({ HOME: '/root', DESTDIR: root, ...env }),
      ...words,
    ]);
  }

  /** As a user with a home folder. */
  function trustAsUser(home: string, args: readonly string[]): Promise<Ran> {
    const enter = ['--user', '--map-user=1000', 'env', '-i', `PATH=${process.env['PATH']}`, `HOME=${home}`];
    return run('unshare', [...enter, 'sh', join(folder, 'trust.sh'), ...args]);
  }

  function variables(env: Readonly<Record<string, string>>): readonly string[] {
    return Object.entries(env).map(([name, value]) => `${name}=${value}`);
  }

  /** The files below a folder, with their modes; the folder itself is called nothing in their content. */
  async function contentOf(root: string): Promise<Readonly<Record<string, string>>> {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const read = files.toSorted().map(async (path) => {
      const mode = ((await stat(path)).mode & 0o777).toString(8);
      return [`${path.slice(root.length)} ${mode}`, (await readFile(path, 'utf8')).replaceAll(root, '')];
    });
    return Object.fromEntries(await Promise.all(read));
  }

  /** What `certs trust` writes. */
  async function expected(client: TrustClient, machine: ClientMachine, root: string): Promise<object> {
    const plan = planTrust({ client, endpoint: parseRegistry(place), authority: gate.ca, machine });
    await applyPlan(plan, { yaml: yamlEditor, runCommand: async () => undefined });
    return contentOf(root);
  }

  it('is served to everybody, the same for every Host', async () => {
    expect(await fetched('/trust.sh')).toBe(TRUST_SCRIPTS['/trust.sh'].text);
    expect(await fetched('/trust.ps1')).toBe(TRUST_SCRIPTS['/trust.ps1'].text);
  });

  it.each(OF_ROOT)('writes for %s what certs trust writes', async (client) => {
    const [root, other] = [await makeRoot(), await makeRoot()];
    const { status, output } = await trust(root, { args: [client, place, fingerprint] });
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('wrote ') });
    expect(await contentOf(root)).toEqual(await expected(client, rootMachine(other), other));
  });

  it.each(OF_A_USER)('writes for %s of a user what certs trust writes', async (client) => {
    const [home, other] = [await makeRoot(), await makeRoot()];
    const { status, output } = await trustAsUser(home, [client, place, fingerprint]);
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('wrote ') });
    expect(await contentOf(home)).toEqual(await expected(client, userMachine(other), other));
  });

  it.each([
    { layout: 'redhat', sign: 'etc/pki/ca-trust/source/anchors' },
    { layout: 'suse', sign: 'etc/pki/trust/anchors' },
    { layout: 'arch', sign: 'etc/ca-certificates/trust-source/anchors' },
  ] as const)('knows the store of $layout', async ({ layout, sign }) => {
    const [root, other] = [await makeRoot(), await makeRoot()];
    await mkdir(join(root, sign), { recursive: true });
    for (const client of ['system', 'python'] as const) {
      await trust(root, { args: [client, place, fingerprint] });
      await expected(client, rootMachine(other, { layout }), other);
    }
    expect(await contentOf(root)).toEqual(await contentOf(other));
  });

  it('adds to the list of a system that has no more', async () => {
    const root = await makeRoot();
    const list = join(root, 'etc/ssl/certs/ca-certificates.crt');
    await mkdir(dirname(list), { recursive: true });
    await writeFile(list, 'theirs\n');
    for (let time = 0; time < 2; time += 1) await trust(root, { args: ['system', place, fingerprint] });
    const text = await readFile(list, 'utf8');
    expect(text).toBe(`theirs\n# registry-gate: begin ${place}\n${gate.ca}# registry-gate: end ${place}\n`);
  });

  it.each(SHELLS)('works in %s', async (words) => {
    const shell = words.split(' ');
    const [root, other] = [await makeRoot(), await makeRoot()];
    for (const client of ['containerd', 'k3s', 'node', 'python'] as const) {
      const { status, output } = await trust(root, { shell, args: [client, place, fingerprint] });
      expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('wrote ') });
      await expected(client, rootMachine(other), other);
    }
    expect(await contentOf(root)).toEqual(await contentOf(other));
  });

  it('needs nothing beyond busybox and wget', async () => {
    const [root, other, bin] = [await makeRoot(), await makeRoot(), await makeRoot()];
    const busybox = findProgram('busybox');
    const applets = (await must('busybox', ['--list']))
      .split('\n')
      .filter((name) => !/^(?:busybox|wget)$/.test(name));
    // The wget of Debian's busybox ends with a segmentation fault at its first TLS handshake.
    await symlink(findProgram('wget'), join(bin, 'wget'));
    for (const name of applets) await symlink(busybox, join(bin, name));
    const call = { args: ['docker', place, fingerprint], shell: [join(bin, 'sh')] };
    const { status, output } = await trust(root, { ...call, env: { PATH: bin } });
    expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('wrote ') });
    expect(await contentOf(root)).toEqual(await expected('docker', rootMachine(other), other));
  });

  it('takes the fingerprint with and without colons, and the host in either case', async () => {
    const root = await makeRoot();
    const env = { REGISTRY_GATE_CA: gate.ca };
    const args = ['docker', 'Registry.LAN:443', authorityFingerprint(gate.ca)];
    expect((await trust(root, { args, env })).status).toBe(0);
    expect(Object.keys(await contentOf(root))).toEqual(['/etc/docker/certs.d/registry.lan/ca.crt 644']);
  });

  it('installs the certificate alone, whatever stands around it', async () => {
    const root = await makeRoot();
    const env = { REGISTRY_GATE_CA: `# remark\r\n${gate.ca.replaceAll('\n', '\r\n')}more` };
    expect((await trust(root, { args: ['docker', 'a.lan', fingerprint], env })).status).toBe(0);
    expect(await readFile(join(root, 'etc/docker/certs.d/a.lan/ca.crt'), 'utf8')).toBe(gate.ca);
  });

  it.each([
    { client: 'k3s', file: 'etc/rancher/k3s/registries.yaml', text: 'mirrors: {}\n', says: /ca_file: / },
    {
      client: 'buildx',
      file: 'root/.docker/buildx/buildkitd.default.toml',
      text: '[registry."a.lan"]\n  http = true\n',
      says: /ca = \[/,
    },
  ])(
    'leaves settings of $client that it can not edit, and prints the lines',
    async ({ client, file, text, says }) => {
      const root = await makeRoot();
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text);
      const env = { REGISTRY_GATE_CA: gate.ca };
      const { status, output } = await trust(root, { args: [client, 'a.lan', fingerprint], env });
      expect({ status, output }).toEqual({ status: 1, output: expect.stringMatching(says) });
      expect(await readFile(join(root, file), 'utf8')).toBe(text);
    },
  );

  it.each([
    {
      name: 'another fingerprint',
      args: (): string[] => ['docker', place, '0'.repeat(64)],
      says: /another CA/,
    },
    { name: 'a short fingerprint', args: (): string[] => ['docker', place, 'abcd'], says: /64 hexadecimal/ },
    {
      name: 'no hexadecimal',
      args: (): string[] => ['docker', place, 'x'.repeat(64)],
      says: /64 hexadecimal/,
    },
    { name: 'no fingerprint', args: (): string[] => ['docker', place], says: /usage/ },
    { name: 'another client', args: (): string[] => ['rkt', place, fingerprint], says: /not a client/ },
    { name: 'a path for a host', args: (): string[] => ['docker', '../x', fingerprint], says: /not HOST/ },
    { name: 'an option for a host', args: (): string[] => ['docker', '-k', fingerprint], says: /not HOST/ },
    {
      name: 'a command for a host',
      args: (): string[] => ['docker', '$(id)', fingerprint],
      says: /not HOST/,
    },
    { name: 'two lines for a host', args: (): string[] => ['docker', 'a\nb', fingerprint], says: /not HOST/ },
    {
      name: 'a closed port',
      args: (): string[] => ['docker', '127.0.0.1:1', fingerprint],
      says: /could not be fetched/,
    },
  ])('installs nothing for $name', async ({ args, says }) => {
    const root = await makeRoot();
    const { status, output } = await trust(root, { args: args() });
    expect({ status, output }).toEqual({ status: 1, output: expect.stringMatching(says) });
    expect(await readdir(root)).toEqual([]);
  });

  it.each(['', 'text', '-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----'])(
    'installs nothing for an answer that is no certificate: %j',
    async (answer) => {
      const root = await makeRoot();
      const env = { REGISTRY_GATE_CA: answer || ' ' };
      const { status, output } = await trust(root, { args: ['docker', 'a.lan', fingerprint], env });
      expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('not a certificate') });
      expect(await readdir(root)).toEqual([]);
    },
  );

  it.each(['crio', 'k3s', 'rke2', 'python', 'system'])('asks a user for sudo: %s', async (client) => {
    const { status, output } = await trustAsUser(await makeRoot(), [client, place, fingerprint]);
    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('use sudo') });
  });
});
