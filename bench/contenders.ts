import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  bookNginx,
  cachingNginx,
  caddyFile,
  haproxyFile,
  registryFile,
  staticBackend,
  tunedNginx,
} from './configurations.ts';
import type { Place } from './configurations.ts';
import { freePort, startDaemon, type Daemon } from './daemon.ts';
import { BUILT, type Fixture, type UsersKind } from './fixture.ts';

/** Who is measured in front of whom. */
export interface Setup {
  readonly users: UsersKind;
  readonly backend: 'static' | 'registry' | 'none';
}

/** A contender that listens. */
export interface Side {
  readonly name: string;
  readonly port: number;
  /** The processes whose time counts, with all that descend from them. */
  readonly roots: readonly number[];
  readonly startMs: number;
  /** The folder of the registry that it leads to, where there is one. */
  readonly data: string | undefined;
  /** The process of the backend that all contenders share, where there is one outside of this process. */
  readonly backend: number | undefined;
  close(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  readonly title: string;
  /** The Debian package that it comes from, which has a program of the same name. */
  readonly needs: readonly string[];
}

/** How many rules there may be. */
export const RULE_COUNTS = [10, 100, 1000] as const;

export const CONTENDERS: readonly Contender[] = [
  { name: 'gate', title: 'registry-gate', needs: [] },
  ...RULE_COUNTS.map((count) => ({
    name: `gate-rules-${count}`,
    title: `registry-gate, ${count} rules`,
    needs: [],
  })),
  { name: 'gate-embedded', title: 'registry-gate, embedded registry', needs: [] },
  { name: 'gate-cache', title: 'registry-gate, layer cache', needs: [] },
  { name: 'gate-workers', title: 'registry-gate, 2 workers; only where it is named', needs: [] },
  { name: 'gate-b', title: 'registry-gate, another build or other flags', needs: [] },
  { name: 'gate-embedded-b', title: 'the same, embedded registry', needs: [] },
  { name: 'gate-cache-b', title: 'the same, layer cache', needs: [] },
  { name: 'nginx', title: "nginx, the book's configuration", needs: ['nginx'] },
  { name: 'nginx-tuned', title: 'nginx, tuned', needs: ['nginx'] },
  { name: 'nginx-cache', title: 'nginx, tuned, proxy_cache', needs: ['nginx'] },
  { name: 'caddy', title: 'Caddy', needs: ['caddy'] },
  { name: 'haproxy', title: 'HAProxy', needs: ['haproxy'] },
  { name: 'nginx+registry', title: 'nginx and docker-registry', needs: ['nginx', 'docker-registry'] },
  { name: 'gate+registry', title: 'registry-gate and docker-registry', needs: ['docker-registry'] },
];

/** As the image, the systemd unit and the npm scripts start it. */
export const NODE_FLAGS = '--max-semi-space-size=16';

/**
 * The program under test, and flags for its Node.js. `GATE_MAIN` names another build, such as `src/main.ts`; the names
 * with `-b` are a second one beside it, by `GATE_B_MAIN` and `GATE_B_NODE_FLAGS`.
 */
function programOf(name: string): readonly string[] {
  const prefix = name.endsWith('-b') ? 'GATE_B' : 'GATE';
  const main = process.env[`${prefix}_MAIN`] ?? BUILT;
  const flags = (process.env[`${prefix}_NODE_FLAGS`] ?? NODE_FLAGS).split(' ').filter((flag) => flag !== '');
  return [...flags, resolve(main)];
}

export interface Backend {
  readonly address: string;
  readonly pid: number;
  readonly data: string | undefined;
  close(): Promise<void>;
}

/** Starts what the contenders stand in front of. */
export async function startBackend(fixture: Fixture, kind: 'static' | 'registry'): Promise<Backend> {
  const port = await freePort();
  const folder = await folderOf(fixture, `backend-${port}`);
  const data = kind === 'registry' ? join(folder, 'data') : undefined;
  const file = join(folder, 'configuration');
  await writeFile(
    file,
    data === undefined ? staticBackend({ fixture, folder, port }) : registryFile(port, data),
  );
  const command = data === undefined ? nginxCommand(file, folder) : registryCommand(file);
  const daemon = await startDaemon(command, { port, log: join(folder, 'log') });
  return { address: `127.0.0.1:${port}`, pid: daemon.pid, data, close: () => daemon.close() };
}

/** Starts a contender in front of a backend; one that has a registry of its own starts that too. */
export async function startSide(
  name: string,
  fixture: Fixture,
  setup: Setup,
  backend: (Pick<Backend, 'address' | 'data'> & Partial<Pick<Backend, 'pid'>>) | undefined,
): Promise<Side> {
  const own = name.endsWith('+registry') ? await startBackend(fixture, 'registry') : undefined;
  try {
    const port = await freePort();
    const folder = await folderOf(fixture, `${name}-${port}`);
    const address = (own ?? backend)?.address ?? 'none';
    const place = { fixture, folder, port, backend: address, users: setup.users };
    const daemon = await startProxy(name.replace('+registry', ''), place);
    return {
      name,
      port,
      roots: own === undefined ? [daemon.pid] : [daemon.pid, own.pid],
      startMs: daemon.startMs,
      backend: backend?.pid,
      data: isEmbedded(name) ? join(folder, 'data') : (own ?? backend)?.data,
      close: async () => {
        await daemon.close();
        await own?.close();
      },
    };
  } catch (error) {
    await own?.close();
    throw error;
  }
}

async function startProxy(name: string, place: Place): Promise<Daemon> {
  const { fixture, folder, port } = place;
  const options = { port, log: join(folder, 'log'), env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder } };
  const file = join(folder, 'configuration');
  switch (name) {
    case 'nginx':
      await writeFile(file, bookNginx(place));
      return startDaemon(nginxCommand(file, folder), options);
    case 'nginx-tuned':
      await writeFile(file, tunedNginx(place));
      return startDaemon(nginxCommand(file, folder), options);
    case 'nginx-cache':
      await writeFile(file, cachingNginx(place));
      return startDaemon(nginxCommand(file, folder), options);
    case 'caddy':
      await writeFile(file, caddyFile(place));
      return startDaemon(['caddy', 'run', '--adapter', 'caddyfile', '--config', file], options);
    case 'haproxy':
      await writeFile(file, haproxyFile(place));
      await writeFile(join(fixture.certs, 'both.pem'), await certificateAndKey(fixture), { mode: 0o600 });
      return startDaemon(['haproxy', '-db', '-f', file], options);
    default:
      return startDaemon(await gateCommand(name, place), options);
  }
}

async function gateCommand(name: string, place: Place): Promise<readonly [string, ...string[]]> {
  const { fixture, folder, port, backend, users } = place;
  const where = isEmbedded(name) ? `embedded:${join(folder, 'data')}` : `http://${backend}`;
  const rules = Number(/^gate-rules-(\d+)$/.exec(name)?.[1] ?? 0);
  const workers = /^gate-workers(?:-(\d+))?$/.exec(name);
  const cache = name.startsWith('gate-cache') ? ['--cache', join(folder, 'cache')] : [];
  const access = rules > 0 ? ['--access', await fixture.rules(rules)] : [];
  return [
    process.execPath,
    ...programOf(name),
    'serve',
    `--listen=127.0.0.1:${port}`,
    `--certs=${fixture.certs}`,
    `--users=${fixture.users(users)}`,
    `--backend=${where}`,
    ...(workers === null ? [] : [`--workers=${workers[1] ?? 2}`]),
    ...access,
    ...cache,
  ];
}

function isEmbedded(name: string): boolean {
  return name.startsWith('gate-embedded');
}

function nginxCommand(file: string, folder: string): readonly [string, ...string[]] {
  return ['nginx', '-c', file, '-p', folder, '-e', join(folder, 'error.log')];
}

function registryCommand(file: string): readonly [string, ...string[]] {
  return ['docker-registry', 'serve', file];
}

async function certificateAndKey({ certs }: Fixture): Promise<string> {
  const parts = ['domain.crt', 'domain.key'].map((name) => readFile(join(certs, name), 'utf8'));
  return (await Promise.all(parts)).join('\n');
}

async function folderOf({ folder }: Fixture, name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  return path;
}
