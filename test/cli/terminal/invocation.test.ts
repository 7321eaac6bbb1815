import { describe, expect, it } from 'vitest';
import { findInvocation, type StartedAs } from '../../../src/cli/terminal/invocation.ts';

const INSTALLED: StartedAs = {
  runtime: '/usr/bin/node',
  script: '/usr/bin/registry-gate',
  directory: '/home/jane',
  pid: 4711,
  parentPid: 4700,
  hostName: 'server',
};
const PATH = '/usr/local/bin:/usr/bin';
const IMAGE = { PATH, REGISTRY_GATE_IN_CONTAINER: '1' };

interface Case {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly started: Partial<StartedAs>;
  readonly here: string;
  readonly afterwards?: string;
}

const CASES: readonly Case[] = [
  { name: 'an installed package', env: { PATH }, started: {}, here: 'registry-gate' },
  {
    name: 'an installed package, by systemd, without a PATH',
    env: {},
    started: {},
    here: 'registry-gate',
  },
  {
    name: 'a package that is not on PATH',
    env: { PATH },
    started: { script: '/opt/gate/bin/registry-gate' },
    here: '/opt/gate/bin/registry-gate',
  },
  {
    name: 'a package of a project',
    env: { PATH },
    started: { script: '/home/jane/node_modules/.bin/registry-gate' },
    here: 'node_modules/.bin/registry-gate',
  },
  { name: 'npx', env: { PATH, npm_command: 'exec' }, started: {}, here: 'npx registry-gate' },
  {
    name: 'a checkout, by npm start',
    env: { PATH, npm_lifecycle_event: 'start' },
    started: { script: '/home/jane/src/main.ts' },
    here: 'npm run -s gate --',
  },
  {
    name: 'a checkout, by npm run gate',
    env: { PATH, npm_lifecycle_event: 'gate', npm_command: 'run-script' },
    started: { script: '/home/jane/src/main.ts' },
    here: 'npm run -s gate --',
  },
  {
    name: 'a checkout, by its own Node.js',
    env: { PATH },
    started: { runtime: '/home/jane/node_modules/node/bin/node', script: '/home/jane/src/main.ts' },
    here: 'node_modules/node/bin/node src/main.ts',
  },
  {
    name: 'a checkout with a space in its name, from elsewhere',
    env: { PATH },
    started: { script: '/srv/my gate/src/main.ts' },
    here: "node '/srv/my gate/src/main.ts'",
  },
  {
    name: 'docker run',
    env: IMAGE,
    started: { pid: 1, parentPid: 0, hostName: '0123456789ab' },
    here: 'docker exec -it 0123456789ab registry-gate',
    afterwards:
      "docker run -it --rm --volumes-from 0123456789ab $(docker inspect -f '{{.Image}}' 0123456789ab)",
  },
  {
    name: 'podman run',
    env: { ...IMAGE, container: 'podman' },
    started: { pid: 1, parentPid: 0, hostName: '0123456789ab' },
    here: 'podman exec -it 0123456789ab registry-gate',
    afterwards:
      "podman run -it --rm --volumes-from 0123456789ab $(podman inspect -f '{{.Image}}' 0123456789ab)",
  },
  {
    name: 'docker run --init',
    env: IMAGE,
    started: { pid: 7, parentPid: 1, hostName: '0123456789ab' },
    here: 'docker exec -it 0123456789ab registry-gate',
    afterwards:
      "docker run -it --rm --volumes-from 0123456789ab $(docker inspect -f '{{.Image}}' 0123456789ab)",
  },
  {
    name: 'docker run --hostname',
    env: IMAGE,
    started: { pid: 1, parentPid: 0, hostName: 'gate' },
    here: 'docker exec -it CONTAINER registry-gate',
    afterwards: "docker run -it --rm --volumes-from CONTAINER $(docker inspect -f '{{.Image}}' CONTAINER)",
  },
  {
    name: 'docker exec',
    env: IMAGE,
    started: { pid: 42, parentPid: 0, hostName: '0123456789ab' },
    here: 'docker exec -it 0123456789ab registry-gate',
  },
  {
    name: 'a shell in a container',
    env: IMAGE,
    started: { pid: 43, parentPid: 42, hostName: '0123456789ab' },
    here: 'registry-gate',
  },
  {
    name: 'Kubernetes',
    env: { ...IMAGE, KUBERNETES_SERVICE_HOST: '10.96.0.1' },
    started: { pid: 1, parentPid: 0, hostName: 'gate-7d9f-x2x' },
    here: 'kubectl exec -it gate-7d9f-x2x -- registry-gate',
  },
  {
    name: 'docker compose, by the variable',
    env: { ...IMAGE, REGISTRY_GATE_COMMAND: 'docker compose run --rm gate' },
    started: { pid: 7, parentPid: 1, hostName: '0123456789ab' },
    here: 'docker compose run --rm gate',
  },
];

describe('a command is typed', () => {
  it.each(CASES)('in $name', ({ env, started, here, afterwards = here }) => {
    expect(findInvocation(env, { ...INSTALLED, ...started })).toMatchObject({ here, afterwards });
  });

  it('on a client as an installed program, wherever the gate runs in a container', () => {
    const { onClient, isContainer } = findInvocation(IMAGE, { ...INSTALLED, pid: 1, parentPid: 0 });
    expect({ onClient, isContainer }).toEqual({ onClient: 'registry-gate', isContainer: true });
  });
});
