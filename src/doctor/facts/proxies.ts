import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One place that sends clients through a proxy. */
export interface ProxySetting {
  /**
   * `environment`: programs that are started here. `engine`: the Docker engine, as it runs. `systemd`: the engine, at its
   * next start. `daemon`: the engine, by `proxies` of daemon.json. `containers`: what runs in containers and builds alone.
   */
  readonly kind: 'environment' | 'engine' | 'systemd' | 'daemon' | 'containers';
  /** The file, or the variable. */
  readonly where: string;
  /** Without user and password. */
  readonly proxy: string;
  /** NO_PROXY, as it is written. */
  readonly exceptions: string;
}

interface ProxyContext {
  /** The folder that stands for `/`. */
  readonly root: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Variables = Readonly<Record<string, string | undefined>>;

const DROP_INS = ['etc/systemd/system/docker.service.d', 'usr/lib/systemd/system/docker.service.d'];
const MOST_FILES = 64;

/** Finds the proxies for https that clients on this machine use. Files that this user may not read count as absent. */
export async function findProxies({ root, home, env }: ProxyContext): Promise<readonly ProxySetting[]> {
  const [engine, systemd, daemon, containers] = await Promise.all([
    engineVariables(root),
    systemdVariables(root),
    readJson(join(root, 'etc/docker/daemon.json')),
    readJson(join(env['DOCKER_CONFIG'] ?? join(home, '.docker'), 'config.json')),
  ]);
  const daemonPath = join(root, 'etc/docker/daemon.json');
  const configPath = join(env['DOCKER_CONFIG'] ?? join(home, '.docker'), 'config.json');
  return [
    ...ofVariables('environment', 'the environment', env),
    ...ofVariables('engine', 'the environment of the Docker engine', engine),
    ...systemd.flatMap(({ path, variables }) => ofVariables('systemd', path, variables)),
    ...ofMembers('daemon', daemonPath, member(daemon, 'proxies'), ['https-proxy', 'no-proxy']),
    ...ofMembers('containers', configPath, member(member(containers, 'proxies'), 'default'), [
      'httpsProxy',
      'noProxy',
    ]),
  ];
}

/** The names in capital and in small letters, of which Go takes the first that is set (golang.org/x/net/http/httpproxy). */
function ofVariables(kind: ProxySetting['kind'], where: string, variables: Variables): ProxySetting[] {
  const read = (name: string): string =>
    [variables[name], variables[name.toLowerCase()]].find((value) => (value ?? '') !== '') ?? '';
  const proxy = read('HTTPS_PROXY');
  return proxy === '' ? [] : [{ kind, where, proxy: withoutSecret(proxy), exceptions: read('NO_PROXY') }];
}

function ofMembers(
  kind: ProxySetting['kind'],
  where: string,
  value: unknown,
  [proxyName = '', exceptionsName = '']: readonly string[],
): ProxySetting[] {
  const proxy = member(value, proxyName);
  const exceptions = member(value, exceptionsName);
  if (typeof proxy !== 'string' || proxy === '') return [];
  const text = typeof exceptions === 'string' ? exceptions : '';
  return [{ kind, where, proxy: withoutSecret(proxy), exceptions: text }];
}

function withoutSecret(proxy: string): string {
  return proxy.replace(/^([a-z0-9]+:\/\/)?[^/]*@/i, '$1');
}

/** The environment of the engine that runs, which only root may read (proc_pid_environ(5)). */
async function engineVariables(root: string): Promise<Variables> {
  const pid = (await readFile(join(root, 'run/docker.pid'), 'latin1').catch(() => '')).trim();
  if (!/^\d+$/.test(pid)) return {};
  const text = await readFile(join(root, 'proc', pid, 'environ'), 'utf8').catch(() => '');
  return Object.fromEntries(text.split('\0').map(splitAssignment));
}

interface DropIn {
  readonly path: string;
  readonly variables: Variables;
}

/** `Environment=` of the drop-ins, and what Debian's service reads from /etc/default/docker. */
async function systemdVariables(root: string): Promise<readonly DropIn[]> {
  const folders = DROP_INS.map((folder) => join(root, folder));
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder).catch(() => []))
        .filter((name) => name.endsWith('.conf'))
        .toSorted()
        .slice(0, MOST_FILES)
        .map((name) => join(folder, name)),
    ),
  );
  const files = await Promise.all(
    [...names.flat(), join(root, 'etc/default/docker')].map(async (path) => ({
      path,
      variables: assignmentsOf(await readFile(path, 'utf8').catch(() => '')),
    })),
  );
  // A later file adds to an earlier one, so that an exception may stand in another file than its proxy.
  const all = Object.assign({}, ...files.map(({ variables }) => variables)) as Variables;
  const first = files.find(({ variables }) => ofVariables('systemd', '', variables).length > 0);
  return first === undefined ? [] : [{ path: first.path, variables: all }];
}

/** `Environment="A=b" C=d`, and `export A="b"` (systemd.exec(5)). */
function assignmentsOf(text: string): Variables {
  const lines = text.split('\n').flatMap((line) => {
    const [, unit, shell] = /^\s*(?:Environment=(.*)|(?:export\s+)?(\w+=.*))$/.exec(line) ?? [];
    if (unit === undefined) return shell === undefined ? [] : [shell.replaceAll(/["']/g, '')];
    return (unit.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll(/["']/g, ''));
  });
  return Object.fromEntries(lines.map(splitAssignment));
}

function splitAssignment(text: string): [string, string] {
  const mark = text.indexOf('=');
  return [text.slice(0, Math.max(mark, 0)), text.slice(mark + 1)];
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function member(value: unknown, name: string): unknown {
  const found: unknown = Object(value)[name];
  return found;
}
