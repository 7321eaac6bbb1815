import { join } from 'node:path';
import { run } from './programs.ts';
import type { Ran, RunOptions } from './programs.ts';
import { inTurn, password, signIn, there, trustOf } from './rights-desk.ts';
import type { Desk, Skills } from './rights-desk.ts';

const skopeo = (desk: Desk, verb: string, ...args: readonly string[]): Promise<Ran> =>
  run('skopeo', [verb, '--authfile', join(desk.folder, 'config.json'), ...args]);

export const SKOPEO: Skills = {
  login: (desk) => {
    const file = ['--authfile', join(desk.fresh, 'auth.json'), '--cert-dir', desk.stage.trustFolder];
    return run('skopeo', ['login', ...file, ...signIn(desk), desk.stage.name], { input: password(desk) });
  },
  pull: (desk, target) => {
    const to = `oci:${join(desk.fresh, 'pulled')}:1`;
    return skopeo(
      desk,
      'copy',
      '--src-cert-dir',
      desk.stage.trustFolder,
      `docker://${there(desk, target)}`,
      to,
    );
  },
  push: (desk, target) => {
    const from = `oci:${desk.stage.image.layout}:1`;
    return skopeo(
      desk,
      'copy',
      '--dest-cert-dir',
      desk.stage.trustFolder,
      from,
      `docker://${there(desk, target)}`,
    );
  },
  remove: (desk, target) =>
    skopeo(desk, 'delete', '--cert-dir', desk.stage.trustFolder, `docker://${there(desk, target)}`),
  catalog: 'it has no command for the catalog',
};

const crane = (desk: Desk, args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  run('crane', args, { ...options, env: { ...trustOf(desk), DOCKER_CONFIG: desk.folder, ...options.env } });

export const CRANE: Skills = {
  login: 'it stores what it is given without asking the registry',
  pull: (desk, target) =>
    crane(desk, ['pull', '--format', 'oci', there(desk, target), join(desk.fresh, 'pulled')]),
  push: (desk, target) => crane(desk, ['push', desk.stage.image.layout, there(desk, target)]),
  remove: (desk, target) =>
    crane(desk, ['delete', `${there(desk, target).replace(/:1$/, '')}@${desk.stage.image.digest}`]),
  catalog: (desk) => crane(desk, ['catalog', desk.stage.name]),
};

const oras = (desk: Desk, args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  run('oras', args, { ...options, cwd: desk.fresh, env: { DOCKER_CONFIG: desk.folder, ...options.env } });

export const ORAS: Skills = {
  login: (desk) => {
    const args = ['login', desk.stage.name, '--ca-file', desk.stage.caFile, ...signIn(desk)];
    return oras(desk, args, { input: password(desk), env: { DOCKER_CONFIG: desk.fresh } });
  },
  pull: (desk, target) => {
    const from = ['--from-ca-file', desk.stage.caFile, there(desk, target)];
    return oras(desk, ['cp', ...from, '--to-oci-layout', `${join(desk.fresh, 'pulled')}:1`]);
  },
  push: (desk, target) => {
    const from = ['--from-oci-layout', `${desk.stage.image.layout}:1`];
    return oras(desk, ['cp', ...from, there(desk, target), '--to-ca-file', desk.stage.caFile]);
  },
  remove: (desk, target) =>
    oras(desk, ['manifest', 'delete', '--force', '--ca-file', desk.stage.caFile, there(desk, target)]),
  catalog: (desk) => oras(desk, ['repo', 'ls', '--ca-file', desk.stage.caFile, desk.stage.name]),
};

function podman(desk: Desk, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const store = ['--storage-driver', 'vfs', '--root', join(desk.stage.folder, 'podman')];
  const state = ['--runroot', join(desk.stage.folder, 'podman-run'), '--cgroup-manager', 'cgroupfs'];
  const env = { ...trustOf(desk), REGISTRY_AUTH_FILE: join(desk.folder, 'config.json') };
  return run('podman', [...store, ...state, ...args], { ...options, env });
}

export const PODMAN: Skills = {
  login: (desk) => {
    const file = ['--authfile', join(desk.fresh, 'auth.json')];
    return podman(desk, ['login', ...file, ...signIn(desk), desk.stage.name], { input: password(desk) });
  },
  pull: (desk, target) =>
    inTurn([
      () => podman(desk, ['pull', '--quiet', there(desk, target)]),
      () => podman(desk, ['rmi', there(desk, target)]),
    ]),
  push: async (desk, target) => {
    const local = await podman(desk, ['pull', '--quiet', `oci:${desk.stage.image.layout}:1`]);
    return podman(desk, ['push', local.stdout.trim(), `docker://${there(desk, target)}`]);
  },
  remove: 'it removes local images alone',
  catalog: (desk) => podman(desk, ['search', '--limit', '100', `${desk.stage.name}/`]),
};
