import { readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Where Linux lists the sockets of this machine (proc_pid_net(5)). */
const TABLES = ['net/tcp', 'net/tcp6'];
/** `0: 0100007F:1388 00000000:0000 0A ... uid timeout inode`. */
const ROW = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A \S+ \S+ \S+ +\d+ +\d+ (\d+)/gm;

/**
 * Whether the registry that listens on a port of this machine was given a secret for its upload sessions (distribution:
 * `http.secret`), by its environment or by its configuration file. Undefined where its process can't be seen. The secret
 * itself is not kept.
 */
export async function hasHttpSecret(port: number, proc = '/proc'): Promise<boolean | undefined> {
  const pid = await findListener(port, proc);
  if (pid === undefined) return undefined;
  const [environment, command] = await Promise.all(
    ['environ', 'cmdline'].map((name) => readFile(join(proc, pid, name), 'utf8').catch(() => undefined)),
  );
  if (environment === undefined || command === undefined) return undefined;
  if (/(?:^|\0)REGISTRY_HTTP_SECRET=[^\0]/.test(environment)) return true;
  const words = command.split('\0');
  // It may run in a container, whose files are other ones.
  const path = words.findLast((word) => /\.ya?ml$/.test(word));
  if (path === undefined) return false;
  const text = await readFile(join(proc, pid, 'root', path), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : /^\s+secret:\s*\S/m.test(text);
}

async function findListener(port: number, proc: string): Promise<string | undefined> {
  const tables = await Promise.all(
    TABLES.map((name) => readFile(join(proc, name), 'latin1').catch(() => '')),
  );
  const inodes = tables
    .flatMap((table) => [...table.matchAll(ROW)])
    .filter(([, hex = '']) => Number.parseInt(hex, 16) === port)
    .map(([, , inode = '']) => `socket:[${inode}]`);
  if (inodes.length === 0) return undefined;
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) if (await holds(join(proc, pid, 'fd'), inodes)) return pid;
  return undefined;
}

async function holds(folder: string, sockets: readonly string[]): Promise<boolean> {
  for (const name of await readdir(folder).catch(() => [])) {
    const target = await readlink(join(folder, name)).catch(() => '');
    if (sockets.includes(target)) return true;
  }
  return false;
}
