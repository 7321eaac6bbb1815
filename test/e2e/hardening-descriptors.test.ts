import { request } from 'node:https';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { readFile, readdir } from 'node:fs/promises';
import { kill } from 'node:process';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateDoes, makeCerts, PASSWORD, USER } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until } from '../support/programs.ts';
import type { Daemon, Folder } from '../support/programs.ts';
import { basic } from '../support/test-gate.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
/** What the process may open; the program itself takes some thirty. */
const DESCRIPTORS = 100;
const SOCKETS = 400;
const SECRET = 'the-secret-of-carol';

describe('R118: a gate that may open no more', () => {
  let folder: Folder;
  let certs: string;
  let gate: Daemon;
  let port = 0;
  let ca = '';
  const sockets: Socket[] = [];
  beforeAll(async () => {
    folder = await temporaryFolder('descriptors');
    certs = join(folder.path, 'certs');
    await makeCerts(certs, ['127.0.0.1']);
    const users = join(certs, 'htpasswd');
    await gateDoes(['users', 'add', 'carol', '--users', users, '--password-stdin'], { input: `${SECRET}\n` });
    ca = await readFile(join(certs, 'ca.crt'), 'utf8');
    const where = ['--listen', '127.0.0.1:0', '--backend', `embedded:${join(folder.path, 'data')}`];
    const limit = `ulimit -n ${DESCRIPTORS}; exec "$@"`;
    const serve = [process.execPath, MAIN, 'serve', '--certs', certs, ...where];
    gate = startDaemon('sh', ['-c', limit, '-', ...serve]);
    port = Number((await gate.line(/"port":(\d+),"msg":"listening/))[1]);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await gate?.close();
    await folder?.close();
  });

  const held = async (): Promise<number> => (await readdir(`/proc/${gate.pid}/fd`)).length;

  const status = (user: string, password: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: basic(user, password) };
      request({ host: '127.0.0.1', port, path: '/v2/', ca, headers, agent: false }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      })
        .once('error', reject)
        .end();
    });

  it('lives, forgets no user, and takes up what changed meanwhile when there is room again', async () => {
    expect([await status(USER, PASSWORD), await status('carol', SECRET)]).toEqual([200, 200]);
    for (let nth = 0; nth < SOCKETS; nth += 1) {
      sockets.push(connect({ port, host: '127.0.0.1' }).on('error', () => undefined));
    }
    await until(
      async () => ((await held()) >= DESCRIPTORS ? true : undefined),
      () => 'the descriptors did not run out',
    );
    // Looked at while nothing can be opened: what was loaded before has to stay.
    const users = join(certs, 'htpasswd');
    await gateDoes(['users', 'remove', 'carol', '--users', users]);
    kill(gate.pid, 'SIGHUP');
    await gate.line(/users not reloaded/);
    for (const socket of sockets.splice(0)) socket.destroy();
    await until(
      async () => ((await held()) < DESCRIPTORS / 2 ? true : undefined),
      () => 'the descriptors did not come back',
    );
    // The change is not forgotten for having come at a bad time.
    await until(
      async () => ((await status('carol', SECRET)) === 401 ? true : undefined),
      () => 'who was removed is still let in',
    );
    expect(await status(USER, PASSWORD)).toBe(200);
  });
});
