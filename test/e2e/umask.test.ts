import { readdir, readFile, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../backend/embedded/spec-client.ts';
import { GATE_MAIN } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until, type Daemon, type Folder } from '../support/programs.ts';

const BYTES = 'some bytes of a layer';

/** Pushes a blob as the first user. */
async function push(port: number, certs: string): Promise<number> {
  const password = (await readFile(join(certs, 'first-password.txt'), 'utf8')).trim();
  const ca = await readFile(join(certs, 'ca.crt'));
  return new Promise((resolve, reject) => {
    const req = request({
      host: '127.0.0.1',
      port,
      ca,
      servername: 'localhost',
      method: 'POST',
      path: `/v2/team/app/blobs/uploads/?digest=${digestOf(BYTES)}`,
      auth: `admin:${password}`,
      headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': BYTES.length },
    });
    req.on('error', reject);
    req.on('response', (res) => resolve(res.resume().statusCode ?? 0));
    req.end(BYTES);
  });
}

/** Mode of everything below a folder, and of itself, by its path: folders with a slash at the end. */
async function modesIn(folder: string): Promise<Map<string, string>> {
  const modes = new Map<string, string>();
  const names = ['', ...(await readdir(folder, { recursive: true }))];
  for (const name of names) {
    const found = await stat(join(folder, name));
    modes.set(found.isDirectory() ? `${name}/` : name, (found.mode & 0o777).toString(8));
  }
  return modes;
}

/** Those that do not have the mode which they should have. */
function wrong(modes: Map<string, string>, rule: (path: string) => string): string[] {
  return [...modes].flatMap(([path, mode]) => (mode === rule(path) ? [] : [`${mode} ${path}`]));
}

describe.each(['000', '077'])('with umask %s', (umask) => {
  let folder: Folder;
  let daemon: Daemon | undefined;

  beforeEach(async () => void (folder = await temporaryFolder('umask')));
  afterEach(async () => {
    await daemon?.close();
    await folder.close();
  });

  it('data is for its user and group, and secrets are for their user alone', async () => {
    const [certs, data, audit] = ['certs', 'data', 'audit.log'].map((name) => join(folder.path, name));
    const args = ['up', '--certs', certs, '--data', data, '--audit', audit, '--listen', '127.0.0.1:0'];
    const script = 'umask "$1"; shift; exec "$@"';
    const program = [process.execPath, GATE_MAIN, ...args.map(String)];
    daemon = startDaemon('sh', ['-c', script, 'sh', umask, ...program]);
    const [, port] = await daemon.line(/serves https:\/\/[^ ]*:(\d+)/);
    expect(await push(Number(port), String(certs))).toBe(201);
    // The first sign-in takes this file away, a moment after its answer.
    await until(
      async () => !(await readdir(String(certs))).includes('first-user.json') || undefined,
      () => 'first-user.json stays',
    );

    const stored = await modesIn(String(data));
    expect(stored.size).toBeGreaterThan(15);
    expect(wrong(stored, (path) => (path.endsWith('/') ? '750' : '640'))).toEqual([]);
    const kept = await modesIn(String(certs));
    expect([...kept.keys()]).toEqual(expect.arrayContaining(['ca.key', 'htpasswd', 'first-password.txt']));
    const rule = (path: string): string =>
      path.endsWith('/') ? '750' : path.endsWith('.crt') ? '644' : '600';
    expect(wrong(kept, rule)).toEqual([]);
    expect(((await stat(String(audit))).mode & 0o777).toString(8)).toBe('600');
  });
});
