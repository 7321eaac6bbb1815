import { randomUUID } from 'node:crypto';
import { chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GATE_MAIN, PASSWORD, USER, gateDoes } from '../support/gate-process.ts';
import { must, run, startDaemon, temporaryFolder, until } from '../support/programs.ts';
import type { Daemon, Ran } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { basic } from '../support/test-gate.ts';

/** `nobody`, as whom the gate runs here. */
const UID = 65_534;
const AS_NOBODY = ['--reuid', `${UID}`, '--regid', `${UID}`, '--clear-groups'];
const NEEDS = ['setpriv'];

const asNobody = (args: readonly string[]): Promise<Ran> =>
  run('setpriv', [...AS_NOBODY, process.execPath, GATE_MAIN, ...args]);

/** Everything below a folder that is not nobody's. */
async function foreign(folder: string): Promise<readonly string[]> {
  const names = ['', ...(await readdir(folder, { recursive: true }))];
  const owners = await Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).uid]));
  return owners.filter(([, uid]) => uid !== UID).map(([name]) => String(name));
}

function status(port: number, ca: string, name: string, password: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: basic(name, password) };
    const options = { host: '127.0.0.1', port, path: '/v2/', ca, headers, agent: false };
    request(options, (answer) => resolve(answer.resume().statusCode ?? 0))
      .once('error', reject)
      .end();
  });
}

describeWith(process.getuid?.() === 0 ? NEEDS : [...NEEDS, 'the rights of root'], 'what root writes', () => {
  let folder: { readonly path: string; close(): Promise<void> };
  let certs: string;
  let data: string;

  beforeAll(async () => {
    folder = await temporaryFolder('ownership');
    await chown(folder.path, UID, UID);
    certs = join(folder.path, 'certs');
    data = join(folder.path, 'data');
  });

  afterAll(() => folder.close());

  it('in new folders belongs to the owner of the folder around them', async () => {
    await gateDoes(['certs', 'init', '--certs', certs, '--host', 'localhost', '--host', '127.0.0.1']);
    const input = `${PASSWORD}\n`;
    await gateDoes(['users', 'add', USER, '--certs', certs, '--password-stdin'], { input });
    await gateDoes(['tokens', 'certificate', '--certs', certs]);
    expect(await foreign(folder.path)).toEqual([]);
  });

  describe('while the gate runs as another user', () => {
    let gate: Daemon;
    let port: number;
    let ca: string;

    beforeAll(async () => {
      const flags = ['--certs', certs, '--listen', '127.0.0.1:0', '--backend', `embedded:${data}`];
      gate = startDaemon('setpriv', [...AS_NOBODY, process.execPath, GATE_MAIN, 'serve', ...flags]);
      const { input } = await gate.line(/"msg":"listening/);
      port = (JSON.parse(input) as { readonly port: number }).port;
      ca = await must('cat', [join(certs, 'ca.crt')]);
    });

    afterAll(() => gate.close());

    it('is taken up by the gate: a token, a user, a certificate', async () => {
      const token = (await gateDoes(['tokens', 'create', 'ci', '--certs', certs])).trim();
      const taken = async (): Promise<true | undefined> =>
        (await status(port, ca, 'ci', token)) === 200 ? true : undefined;
      await until(taken, () => `the token was not taken up: ${gate.log.join('')}`);
      const input = 'another password\n';
      await gateDoes(['users', 'add', 'bob', '--certs', certs, '--password-stdin'], { input });
      const known = async (): Promise<true | undefined> =>
        (await status(port, ca, 'bob', 'another password')) === 200 ? true : undefined;
      await until(known, () => `the user was not taken up: ${gate.log.join('')}`);
      await gateDoes(['certs', 'renew', '--force', '--certs', certs]);
      await gate.line(/"msg":"certificate reloaded/);
      expect(await foreign(folder.path)).toEqual([]);
    });

    it('by gc belongs to the owner of the images', async () => {
      // So that it has something to make.
      await rm(join(data, 'docker/registry/v2/.staging'), { recursive: true });
      await gateDoes(['gc', '--data', data]);
      expect(await foreign(data)).toEqual([]);
    });
  });

  it.each([
    ['tokens.json', ['tokens', 'list'], 'FILE_UNREADABLE'],
    ['htpasswd', ['users', 'list'], 'HTPASSWD_MISSING'],
    ['domain.key', ['config', 'check'], 'CERT_INVALID'],
  ])('and nobody can read is named with its cure: %s', async (name, command, _code) => {
    const path = join(certs, name);
    await chown(path, 0, 0);
    const { output, status: code } = await asNobody([...command, '--certs', certs]);
    expect(code).toBe(1);
    expect(output).toContain(`${path} belongs to root (uid 0), and this runs as nobody (uid ${UID})`);
    expect(output).toContain(`as root: chown ${UID}:${UID} ${path}.`);
    expect(output).not.toMatch(/backup|void|mv /);
    await must('chown', [`${UID}:${UID}`, path]);
    expect((await asNobody([...command, '--certs', certs])).output).not.toContain('belongs to');
  });

  const SERVE = ['serve', '--certs', 'CERTS', '--backend', 'http://127.0.0.1:1', '--listen', '192.0.2.1:0'];
  it.each([
    [
      'a registry, to be made there',
      ['config', 'check', '--certs', 'CERTS', '--connect', '--backend', 'embedded:HERE/a/b'],
    ],
    ['a registry', ['gc', '--data', 'HERE/data']],
    ['a cache', [...SERVE, '--cache', 'HERE/cache']],
    ['an audit log', [...SERVE, '--audit', 'HERE/audit.log']],
    ['the configuration', ['config', 'show', '--config', 'HERE/gate.yml']],
    ['the key of upload sessions', [...SERVE, '--state', 'HERE']],
  ])('M-D3: in a folder of root is named with a cure that ends it: %s', async (_name, command) => {
    const here = join(folder.path, `of-root-${randomUUID()}`);
    await mkdir(join(here, 'data/docker'), { recursive: true, mode: 0o755 });
    for (const name of ['gate.yml', 'upload.key'])
      await writeFile(join(here, name), '# 32 bytes and more, which say nothing\n', { mode: 0o600 });
    const args = command.map((word) => word.replace('HERE', here).replace('CERTS', certs));
    const refused = await asNobody(args);
    expect(refused.output).toContain('belongs to root (uid 0)');
    // Nothing but what the gate needs is given away.
    const [, cure = ''] = /as root: ((?:chown|install) [^\n]*?)\.(?: Or| \(|\n|$)/.exec(refused.output) ?? [];
    expect(cure).toContain(here);
    await must('sh', ['-c', cure]);
    expect((await asNobody(args)).output).not.toContain('belongs to');
  });

  it('where a folder is closed to the user of the gate is named by that folder', async () => {
    const closed = join(folder.path, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await writeFile(join(closed, 'htpasswd'), '');
    const { output } = await asNobody(['users', 'add', 'x', '--users', join(closed, 'htpasswd')]);
    expect(output).toContain(`${closed} belongs to root (uid 0)`);
    expect(output).toContain(`chown ${UID}:${UID} ${closed}`);
    expect(dirname(closed)).toBe(folder.path);
  });
});
