import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installedClients, isInstalled } from '../../../src/pki/trust/installed.ts';
import { thisMachine } from '../../../src/pki/trust/trust-target.ts';
import { temporaryFolders } from '../support.ts';
import { rootMachine } from './machines.ts';

const folder = temporaryFolders();

/** A machine with these files, which are programs where they lie in bin. */
async function machineWith(...paths: readonly string[]): Promise<ReturnType<typeof rootMachine>> {
  const root = await folder();
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), '', { mode: path.startsWith('bin/') ? 0o755 : 0o644 });
  }
  return rootMachine(root, { programFolders: [join(root, 'nowhere'), join(root, 'bin')] });
}

describe('what is installed', () => {
  it.each([
    { paths: [], clients: [] },
    { paths: ['bin/dockerd'], clients: ['docker'] },
    { paths: ['etc/docker/daemon.json'], clients: ['docker'] },
    { paths: ['bin/skopeo', 'bin/kind'], clients: ['podman', 'kind'] },
    { paths: ['etc/rancher/k3s/k3s.yaml'], clients: ['k3s'] },
    { paths: ['var/lib/rancher/rke2/x'], clients: ['rke2'] },
    { paths: ['bin/containerd', 'bin/nerdctl'], clients: ['containerd', 'nerdctl'] },
    { paths: ['bin/crio'], clients: ['crio'] },
    { paths: ['root/.docker/buildx/current'], clients: ['buildx'] },
    { paths: ['etc/gitlab-runner/config.toml'], clients: ['gitlab-dind'] },
    { paths: ['bin/keytool', 'bin/node', 'bin/python3'], clients: ['java', 'node', 'python'] },
    { paths: ['etc/ssl/openssl.cnf'], clients: ['system'] },
    { paths: ['bin/powershell.exe'], clients: [] },
    { paths: ['root/.config/systemd/user/docker.service'], clients: [] },
  ])('by $paths: $clients', async ({ paths, clients }) => {
    expect(await installedClients(await machineWith(...paths))).toEqual(clients);
  });

  it('is not a program that nobody may run', async () => {
    const machine = await machineWith('other/podman');
    const folders = [join(machine.root, 'other')];
    expect(await isInstalled('podman', { ...machine, programFolders: folders })).toBe(false);
  });

  it('names for a user what this user can set up', async () => {
    const machine = await machineWith('bin/dockerd', 'etc/ssl/x', 'root/.config/systemd/user/docker.service');
    expect(await installedClients({ ...machine, isRoot: false })).toEqual(['docker', 'docker-rootless']);
  });
});

describe('this machine', () => {
  it.each([
    { sign: 'etc/pki/ca-trust/source/anchors/x', layout: 'redhat' },
    { sign: 'etc/pki/trust/anchors/x', layout: 'suse' },
    { sign: 'etc/ca-certificates/trust-source/anchors/x', layout: 'arch' },
    { sign: 'usr/sbin/update-ca-certificates', layout: 'debian' },
    { sign: 'etc/ssl/certs/ca-certificates.crt', layout: 'bundle' },
    { sign: 'etc/nothing', layout: 'debian' },
  ])('has the layout $layout by $sign', async ({ sign, layout }) => {
    const { root } = await machineWith(sign);
    expect(await thisMachine({}, root)).toMatchObject({ root, layout });
  });

  it('looks where the environment says', async () => {
    const env = { XDG_CONFIG_HOME: '/c', DOCKER_CONFIG: '/d', XDG_RUNTIME_DIR: '/r', PATH: '/a:/b' };
    expect(await thisMachine(env)).toMatchObject({
      configHome: '/c',
      dockerConfig: '/d',
      runtimeFolder: '/r',
      programFolders: ['/a', '/b', '/usr/sbin', '/sbin'],
    });
  });
});
