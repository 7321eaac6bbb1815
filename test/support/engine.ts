import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Namespace } from './namespace.ts';
import type { Ran, RunOptions } from './programs.ts';
import { TOOLS, must, run, startDaemon, temporaryFolder, until } from './programs.ts';

/** The programs of a Docker engine. */
export interface EnginePrograms {
  readonly dockerd: string;
  readonly docker: string;
  /** Path of docker-proxy; none where dockerd finds its own by name. */
  readonly proxy?: string;
}

export const SYSTEM_ENGINE: EnginePrograms = { dockerd: 'dockerd', docker: 'docker' };

/** The engine that `.ci/tools` fetches. */
export const NEWER_ENGINE: EnginePrograms = {
  dockerd: 'dockerd-newer',
  docker: 'docker-newer',
  proxy: join(TOOLS, 'bin/docker-proxy-newer'),
};

const PROGRAMS = ['containerd', 'runc', 'ip', 'iptables', 'nsenter', 'unshare', 'setpriv'];

/** What else an engine needs to run in a namespace, for describeWith. */
export const ENGINE_NEEDS = process.getuid?.() === 0 ? PROGRAMS : [...PROGRAMS, 'the rights of root'];

export interface EngineOptions {
  readonly namespace: Namespace;
  /** Default: the system's. */
  readonly programs?: EnginePrograms | undefined;
  /** Entries of daemon.json. */
  readonly settings?: object | undefined;
  /** Environment of the engine itself. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface Engine {
  /** Scratch folder, gone with the engine. */
  readonly folder: string;
  /** Environment in which `docker` speaks to this engine, with a log-in file of its own. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: readonly string[];
  /** One docker command; resolves whatever its exit status. */
  docker(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** One docker command that has to succeed. */
  must(args: readonly string[], options?: RunOptions): Promise<string>;
  close(): Promise<void>;
}

/**
 * A Docker engine on the machine inside the namespace. It lives in process and mount namespaces of its own, so that
 * containerd, containers and mounts are gone with it, whatever happens to the test; and with a /run of its own, so that
 * it neither finds nor disturbs another engine's containerd.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { namespace, programs = SYSTEM_ENGINE, settings = {} } = options;
  const { dockerd, docker, proxy } = programs;
  const folder = await temporaryFolder('engine');
  const at = (name: string): string => join(folder.path, name);
  await mkdir(at('client'));
  const proxyPath = proxy === undefined ? {} : { 'userland-proxy-path': proxy };
  await writeFile(at('daemon.json'), JSON.stringify({ ...proxyPath, ...settings }));
  const script = `mount -t tmpfs tmpfs /run && exec ${dockerd} --config-file ${at('daemon.json')} \
    --data-root ${at('data')} --exec-root /run/engine --pidfile /run/engine.pid -H unix://${at('socket')}`;
  const isolated = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const start = [...namespace.enter, ...isolated, 'sh', '-c', script];
  const daemon = startDaemon('setpriv', ['--pdeathsig', 'KILL', ...start], { env: options.env ?? {} });
  const env = { DOCKER_HOST: `unix://${at('socket')}`, DOCKER_CONFIG: at('client') };
  const close = async (): Promise<void> => {
    await stopInside(daemon.pid);
    await daemon.close();
    await folder.close();
  };
  try {
    await daemon.line(/API listen on /);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    folder: folder.path,
    env,
    log: daemon.log,
    docker: (args, options = {}) => run(docker, args, { ...options, env: { ...env, ...options.env } }),
    must: (args, options = {}) => must(docker, args, { ...options, env: { ...env, ...options.env } }),
    close,
  };
}

/** `unshare` does not pass signals on: the engine, its only child, is asked itself, so that it ends its containers first. */
async function stopInside(unshare: number): Promise<void> {
  const [engine] = (await run('cat', [`/proc/${unshare}/task/${unshare}/children`])).stdout.split(' ');
  if (engine === undefined || engine === '') return;
  await run('kill', ['-TERM', engine]);
  const gone = async (): Promise<true | undefined> =>
    (await run('kill', ['-0', engine])).status === 0 ? undefined : true;
  await until(gone, () => 'the engine did not end').catch(() => run('kill', ['-KILL', engine]));
}
