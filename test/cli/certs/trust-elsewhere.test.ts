import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { run } from '../../../src/cli/program.ts';
import { makeDirectory, temporaryFolders } from '../../pki/support.ts';
import { must } from '../../support/programs.ts';
import { recordingTerminal } from '../../support/terminal.ts';

const folder = temporaryFolders();
let certs = '';
let authority = '';

beforeAll(async () => {
  certs = await makeDirectory(await folder());
  authority = await readFile(join(certs, 'ca.crt'), 'utf8');
});

interface Done {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function trust(...args: readonly string[]): Promise<Done> {
  const terminal = recordingTerminal();
  const status = await run(['certs', 'trust', 'registry.lan:5000', '--certs', certs, ...args], terminal);
  return { status, out: terminal.stdout(), err: terminal.stderr() };
}

async function printed(format: string, client: string): Promise<readonly unknown[]> {
  const { status, out, err } = await trust('--for', client, '--print', format);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  expect(out).not.toContain('PRIVATE');
  return parseAllDocuments(out).map((document) => document.toJS() as unknown);
}

describe('certs trust --print', () => {
  it('cloud-init: writes files, and leaves the system store to cloud-init', async () => {
    expect(await printed('cloud-init', 'docker')).toEqual([
      {
        write_files: [
          { path: '/etc/docker/certs.d/registry.lan:5000/ca.crt', content: authority, permissions: '0644' },
        ],
      },
    ]);
    expect(await printed('cloud-init', 'system')).toEqual([{ ca_certs: { trusted: [authority] } }]);
    const [python] = await printed('cloud-init', 'python');
    expect(python).toMatchObject({
      ca_certs: { trusted: [authority] },
      write_files: [{ path: '/etc/profile.d/registry-gate.sh', append: true }],
    });
    expect((await trust('--for', 'docker', '--print', 'cloud-init')).out).toMatch(/^#cloud-config\n/);
  });

  it('cloud-init: runs programs unless they know the CA', async () => {
    const [java] = await printed('cloud-init', 'java');
    expect(java).toMatchObject({
      runcmd: [
        ['sh', '-c', expect.stringMatching(/^keytool -list .* >\/dev\/null 2>&1 \|\| keytool -importcert /)],
      ],
    });
  });

  it('ansible: one task for each folder and file', async () => {
    const [tasks] = await printed('ansible', 'containerd');
    const folderOf = '/etc/containerd/certs.d/registry.lan:5000';
    expect(tasks).toMatchObject([
      { 'ansible.builtin.file': { path: folderOf, state: 'directory' } },
      { 'ansible.builtin.copy': { dest: `${folderOf}/ca.crt`, content: authority } },
      { 'ansible.builtin.copy': { dest: `${folderOf}/hosts.toml` } },
    ]);
  });

  it('ansible: the store of the system by family of distribution, and its program after a change alone', async () => {
    const [tasks] = await printed('ansible', 'system');
    const runs = (tasks as readonly Readonly<Record<string, unknown>>[]).filter(
      (task) => 'ansible.builtin.command' in task,
    );
    expect(runs.map((task) => [task['ansible.builtin.command'], task['when']])).toEqual([
      [
        { argv: ['update-ca-certificates'] },
        ["ansible_facts.os_family in ['Debian','Alpine']", 'registry_gate_system_debian is changed'],
      ],
      [
        { argv: ['update-ca-trust', 'extract'] },
        ["ansible_facts.os_family in ['RedHat']", 'registry_gate_system_redhat is changed'],
      ],
      [
        { argv: ['update-ca-trust'] },
        ["ansible_facts.os_family in ['Archlinux']", 'registry_gate_system_arch is changed'],
      ],
      [
        { argv: ['update-ca-certificates'] },
        ["ansible_facts.os_family in ['Suse']", 'registry_gate_system_suse is changed'],
      ],
    ]);
  });

  it('ansible: leaves a registries.yaml that exists, and marks a block as ours', async () => {
    const [k3s] = await printed('ansible', 'k3s');
    expect(k3s).toContainEqual(
      expect.objectContaining({
        'ansible.builtin.copy': expect.objectContaining({
          dest: '/etc/rancher/k3s/registries.yaml',
          force: false,
        }),
      }),
    );
    const [node] = await printed('ansible', 'node');
    expect(node).toContainEqual(
      expect.objectContaining({
        'ansible.builtin.blockinfile': expect.objectContaining({
          marker: '# registry-gate: {mark} registry.lan:5000',
        }),
      }),
    );
  });

  it('daemonset: its lines write on a node what certs trust writes there', async () => {
    const [configMap, daemonSet] = (await printed('daemonset', 'k3s')) as readonly [
      { readonly data: Readonly<Record<string, string>>; readonly metadata: { readonly name: string } },
      {
        readonly spec: {
          readonly template: {
            readonly spec: { readonly initContainers: readonly { readonly command: readonly string[] }[] };
          };
        };
      },
    ];
    expect(configMap.metadata.name).toMatch(/^[a-z0-9-]+$/);
    const root = await folder();
    await mkdir(join(root, 'registry-gate'));
    for (const [key, content] of Object.entries(configMap.data))
      await writeFile(join(root, 'registry-gate', key), content);
    const [, , script = ''] = daemonSet.spec.template.spec.initContainers[0]?.command ?? [];
    const here = script.replaceAll(/(?<![\w.])\/(node|registry-gate)\b/g, `${root}/$1`);
    for (let time = 0; time < 2; time += 1) await must('sh', ['-euc', here]);
    const certificate = '/etc/rancher/k3s/certs.d/registry.lan:5000/ca.crt';
    expect(await readFile(join(root, 'node', certificate), 'utf8')).toBe(authority);
    expect(await readFile(join(root, 'node/etc/rancher/k3s/registries.yaml'), 'utf8')).toContain(certificate);
  });

  it.each([
    { args: ['--for', 'kaniko', '--print', 'ansible'], says: /set up by hand/ },
    { args: ['--for', 'firefox', '--print', 'cloud-init'], says: /one user/ },
    { args: ['--for', 'java', '--print', 'daemonset'], says: /more than files/ },
    { args: ['--for', 'docker', '--print', 'helm'], says: /cloud-init, ansible, daemonset/ },
    { args: ['--for', 'docker', '--print', 'ansible', '--json'], says: /--json/ },
    { args: ['--for', 'docker', '--print', 'ansible', '--undo'], says: /--undo/ },
    { args: ['--for', 'docker', '--print', 'ansible', '--ssh', 'a'], says: /exclude/ },
    { args: ['--all', '--print', 'ansible'], says: /--for/ },
    { args: ['--all', '--for', 'docker'], says: /exclude/ },
    { args: [], says: /--all/ },
  ])('refuses $args', async ({ args, says }) => {
    const { status, out, err } = await trust(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(says);
  });
});

describe('certs trust --ssh', () => {
  it('shows the commands, in which no key is and nothing that a shell would take apart', async () => {
    const { status, out } = await trust(
      '--for',
      'docker',
      '--dry-run',
      '--ssh',
      'root@node1',
      '--ssh',
      'ssh://a@[::1]:22',
    );
    expect(status).toBe(0);
    expect(out).toMatch(
      /^run ssh -o BatchMode=yes -o ConnectTimeout=20 -- root@node1 '.* sh -s -- docker registry\.lan:5000 [0-9a-f]{64}; /,
    );
    expect(out).not.toContain('BEGIN');
  });

  it.each(['-oProxyCommand=id', 'a b', 'root@-oProxyCommand=id', '$(id)', 'a;id', 'a\nb', 'ssh://-x'])(
    'refuses %j for a host',
    async (host) => {
      const { status, err } = await trust('--for', 'docker', '--ssh', host);
      expect(status).toBe(2);
      expect(err).toContain('--ssh takes [USER@]HOST');
    },
  );

  it('refuses a client that the script does not know', async () => {
    const { status, err } = await trust('--for', 'java', '--ssh', 'node1');
    expect([status, err]).toEqual([2, expect.stringMatching(/can't be set up over ssh.*\n.*docker, /)]);
  });
});

describe('certs trust --all', () => {
  it('plans for what is installed', async () => {
    const bin = join(await folder(), 'bin');
    await mkdir(bin);
    for (const name of ['skopeo', 'nerdctl']) {
      await writeFile(join(bin, name), '');
      await chmod(join(bin, name), 0o755);
    }
    const terminal = recordingTerminal({ env: { PATH: bin } });
    const args = ['certs', 'trust', 'registry.lan', '--certs', certs, '--all', '--dry-run', '--json'];
    expect(await run(args, terminal)).toBe(0);
    const { steps } = JSON.parse(terminal.stdout()) as {
      readonly steps: readonly { readonly client: string }[];
    };
    expect(steps.map(({ client }) => client)).toEqual(expect.arrayContaining(['podman', 'nerdctl']));
  });
});
