import { join } from 'node:path';
import { run, type Ran, type RunOptions } from './programs.ts';
import { concurrentForEach, password, signIn, there, trustOf } from './rights-client-session.ts';
import type { ClientSession, ClientActions } from './rights-client-session.ts';

const skopeo = (topicHandlers: ClientSession, verb: string, ...args: readonly string[]): Promise<Ran> =>
  run('skopeo', [verb, '--authfile', join(topicHandlers.folder, 'config.json'), ...args]);

export const SKOPEO: ClientActions = {
  login: (topicHandlers) => {
    const file = [
      '--authfile',
      join(topicHandlers.fresh, 'auth.json'),
      '--cert-dir',
      topicHandlers.fixture.trustFolder,
    ];
    return run('skopeo', ['login', ...file, ...signIn(topicHandlers), topicHandlers.fixture.name], {
      input: password(topicHandlers),
    });
  },
  pull: (topicHandlers, target) => {
    const to = `oci:${join(topicHandlers.fresh, 'pulled')}:1`;
    return skopeo(
      topicHandlers,
      'copy',
      '--src-cert-dir',
      topicHandlers.fixture.trustFolder,
      `docker://${there(topicHandlers, target)}`,
      to,
    );
  },
  push: (topicHandlers, target) => {
    const from = `oci:${topicHandlers.fixture.image.layout}:1`;
    return skopeo(
      topicHandlers,
      'copy',
      '--dest-cert-dir',
      topicHandlers.fixture.trustFolder,
      from,
      `docker://${there(topicHandlers, target)}`,
    );
  },
  remove: (topicHandlers, target) =>
    skopeo(
      topicHandlers,
      'delete',
      '--cert-dir',
      topicHandlers.fixture.trustFolder,
      `docker://${there(topicHandlers, target)}`,
    ),
  catalog: 'it has no command for the catalog',
};

const crane = (
  topicHandlers: ClientSession,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> =>
  run('crane', args, {
    ...options,
    env: { ...trustOf(topicHandlers), DOCKER_CONFIG: topicHandlers.folder, ...options.env },
  });

export const CRANE: ClientActions = {
  login: 'it stores what it is given without asking the registry',
  pull: (topicHandlers, target) =>
    crane(topicHandlers, [
      'pull',
      '--format',
      'oci',
      there(topicHandlers, target),
      join(topicHandlers.fresh, 'pulled'),
    ]),
  push: (topicHandlers, target) =>
    crane(topicHandlers, ['push', topicHandlers.fixture.image.layout, there(topicHandlers, target)]),
  remove: (topicHandlers, target) =>
    crane(topicHandlers, [
      'delete',
      `${there(topicHandlers, target).replace(/:1$/, '')}@${topicHandlers.fixture.image.digest}`,
    ]),
  catalog: (topicHandlers) => crane(topicHandlers, ['catalog', topicHandlers.fixture.name]),
};

const oras = (
  topicHandlers: ClientSession,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> =>
  run('oras', args, {
    ...options,
    cwd: topicHandlers.fresh,
    env: { DOCKER_CONFIG: topicHandlers.folder, ...options.env },
  });

export const ORAS: ClientActions = {
  login: (topicHandlers) => {
    const args = [
      'login',
      topicHandlers.fixture.name,
      '--ca-file',
      topicHandlers.fixture.caFile,
      ...signIn(topicHandlers),
    ];
    return oras(topicHandlers, args, {
      input: password(topicHandlers),
      env: { DOCKER_CONFIG: topicHandlers.fresh },
    });
  },
  pull: (topicHandlers, target) => {
    const from = ['--from-ca-file', topicHandlers.fixture.caFile, there(topicHandlers, target)];
    return oras(topicHandlers, [
      'cp',
      ...from,
      '--to-oci-layout',
      `${join(topicHandlers.fresh, 'pulled')}:1`,
    ]);
  },
  push: (topicHandlers, target) => {
    const from = ['--from-oci-layout', `${topicHandlers.fixture.image.layout}:1`];
    return oras(topicHandlers, [
      'cp',
      ...from,
      there(topicHandlers, target),
      '--to-ca-file',
      topicHandlers.fixture.caFile,
    ]);
  },
  remove: (topicHandlers, target) =>
    oras(topicHandlers, [
      'manifest',
      'delete',
      '--force',
      '--ca-file',
      topicHandlers.fixture.caFile,
      there(topicHandlers, target),
    ]),
  catalog: (topicHandlers) =>
    oras(topicHandlers, [
      'repo',
      'ls',
      '--ca-file',
      topicHandlers.fixture.caFile,
      topicHandlers.fixture.name,
    ]),
};

function podman(
  topicHandlers: ClientSession,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const store = ['--storage-driver', 'vfs', '--root', join(topicHandlers.fixture.folder, 'podman')];
  const state = [
    '--runroot',
    join(topicHandlers.fixture.folder, 'podman-run'),
    '--cgroup-manager',
    'cgroupfs',
  ];
  const env = { ...trustOf(topicHandlers), REGISTRY_AUTH_FILE: join(topicHandlers.folder, 'config.json') };
  return run('podman', [...store, ...state, ...args], { ...options, env });
}

export const PODMAN: ClientActions = {
  login: (topicHandlers) => {
    const file = ['--authfile', join(topicHandlers.fresh, 'auth.json')];
    return podman(topicHandlers, ['login', ...file, ...signIn(topicHandlers), topicHandlers.fixture.name], {
      input: password(topicHandlers),
    });
  },
  pull: (topicHandlers, target) =>
    concurrentForEach([
      () => podman(topicHandlers, ['pull', '--quiet', there(topicHandlers, target)]),
      () => podman(topicHandlers, ['rmi', there(topicHandlers, target)]),
    ]),
  push: async (topicHandlers, target) => {
    const local = await podman(topicHandlers, [
      'pull',
      '--quiet',
      `oci:${topicHandlers.fixture.image.layout}:1`,
    ]);
    return podman(topicHandlers, ['push', local.stdout.trim(), `docker://${there(topicHandlers, target)}`]);
  },
  remove: 'it removes local images alone',
  catalog: (topicHandlers) =>
    podman(topicHandlers, ['search', '--limit', '100', `${topicHandlers.fixture.name}/`]),
};
