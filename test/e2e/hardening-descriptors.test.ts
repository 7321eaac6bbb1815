import { request } from 'node:https';
import { execFileSync } from 'node:child_process';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { kill } from 'node:process';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateDoes, makeCerts, PASSWORD, USER } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until, type Daemon, type Folder } from '../support/programs.ts';
import { basic } from '../support/test-gate.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const SECRET = 'the-secret-of-carol';

/** Numbers that no open file has. */
function free(open: readonly number[]): number[] {
  return Array.from({ length: open.length + 1 }, (_none, at) => at).filter((fd) => !open.includes(fd));
}

describe('R118: a gate that may open no more', () => {
  let folder: Folder;
  let certs: string;
  let gate: Daemon;
  let port = 0;
  let ca = '';
  beforeAll(async () => {
    folder = await temporaryFolder('descriptors');
    certs = join(folder.path, 'certs');
    await makeCerts(certs, ['127.0.0.1']);
    const users = join(certs, 'htpasswd');
    await gateDoes(['users', 'add', 'carol', '--users', users, '--password-stdin'], { input: `${SECRET}\n` });
    ca = await readFile(join(certs, 'ca.crt'), 'utf8');
    const where = ['--listen', '127.0.0.1:0', '--backend', `embedded:${join(folder.path, 'data')}`];
    gate = startDaemon(process.execPath, [MAIN, 'serve', '--certs', certs, ...where]);
    port = Number((await gate.line(/"port":(\d+),"msg":"listening/))[1]);
  });
  afterAll(async () => {
    await gate?.close();
    await folder?.close();
  });

  /** From now on the process may have so many files open. Connections alone never fill what it may have. */
  const allow = (files: number): void =>
    void execFileSync('prlimit', ['--pid', String(gate.pid), `--nofile=${files}:1000`]);

  const status = (user: string, password: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: basic(user, password) };
      request({ host: '127.0.0.1', port, path: '/v2/', ca, headers, agent: false }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      })
        .once('error', reject)
        .end();
    });

  const openFiles = (): Promise<string[]> => readdir(`/proc/${gate.pid}/fd`);

  const countSockets = async (): Promise<number> => {
    const links = (await openFiles()).map((fd) => readlink(`/proc/${gate.pid}/fd/${fd}`).catch(() => ''));
    return (await Promise.all(links)).filter((link) => link.startsWith('socket:')).length;
  };

  it('lives, forgets no user, and takes up what changed meanwhile when there is room again', async () => {
    const sockets = await countSockets();
    expect([await status(USER, PASSWORD), await status('carol', SECRET)]).toEqual([200, 200]);
    // The number of a connection that closes later could be given to the users file.
    await until(
      async () => ((await countSockets()) <= sockets ? true : undefined),
      () => 'the gate keeps a connection that its client has left',
    );
    const open = (await openFiles()).map(Number);
    // One that is free below the highest would be given out again.
    allow(Math.min(...free(open)));
    // Looked at while nothing can be opened: what was loaded before has to stay.
    const users = join(certs, 'htpasswd');
    await gateDoes(['users', 'remove', 'carol', '--users', users]);
    kill(gate.pid, 'SIGHUP');
    await gate.line(/users not reloaded/);
    // Nothing hangs that came meanwhile: it is ended.
    await expect(status(USER, PASSWORD)).rejects.toThrow(/ECONNRESET|disconnected|hang up/);
    allow(1000);
    // The change is not forgotten for having come at a bad time.
    await until(
      async () => ((await status('carol', SECRET)) === 401 ? true : undefined),
      () => 'who was removed is still let in',
    );
    expect(await status(USER, PASSWORD)).toBe(200);
  });
});
