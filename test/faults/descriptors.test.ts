import { once } from 'node:events';
import { appendFile, copyFile, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GATE_MAIN } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until } from '../support/programs.ts';
import type { Daemon, Folder } from '../support/programs.ts';
import { basic, startTestGate } from '../support/test-gate.ts';
import type { TestGate } from '../support/test-gate.ts';
import { openClient, startBackend } from './stage.ts';
import type { Backend } from './stage.ts';

const LIMIT = 100;
const SOCKETS = 400;
/** How often the files are looked at, unless the configuration says otherwise. */
const LOOK_MS = 500;

describe('R118: a gate that may have 100 descriptors, and 400 connections to it', () => {
  let folder: Folder;
  let lender: TestGate;
  let backend: Backend;
  let gate: Daemon;
  let port: number;
  let users: string;

  beforeAll(async () => {
    folder = await temporaryFolder('few');
    users = join(folder.path, 'htpasswd');
    lender = await startTestGate({ backend: 'http://127.0.0.1:1' });
    backend = await startBackend(
      (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    );
    for (const name of ['ca.crt', 'domain.crt', 'domain.key', 'htpasswd'])
      await copyFile(join(lender.certs, name), join(folder.path, name));
    const serve = ['serve', '--listen', '127.0.0.1:0', '--backend', backend.url, '--certs', folder.path];
    const limited = `ulimit -n ${LIMIT}; exec "$@"`;
    gate = startDaemon('sh', ['-c', limited, 'sh', process.execPath, GATE_MAIN, ...serve]);
    const [, found] = await gate.line(/"port":(\d+),"msg":"listening"/);
    port = Number(found);
  });
  afterAll(async () => {
    await gate.close();
    await backend.close();
    await lender.close();
    await folder.close();
  });

  /** The status of a request over a connection of its own, or undefined where there is none. */
  async function statusAs(authorization: string): Promise<number | undefined> {
    const client = await openClient({ ...lender, port, authorization });
    client.ask('GET', '/v2/');
    const { status } = await client.answer();
    client.close();
    return status;
  }

  it('serves again when they are gone, with the users that it had and the one that came meanwhile', async () => {
    expect(await statusAs(lender.authorization)).toBe(200);
    const limits = await readFile(`/proc/${gate.pid}/limits`, 'utf8');
    expect(limits).toMatch(new RegExp(`Max open files +${LIMIT} +${LIMIT}`));
    const before = await openClient({ ...lender, port });
    const sockets: Socket[] = [];
    const ended = new Set<Socket>();
    for (let nth = 0; nth < SOCKETS; nth += 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.once('close', () => ended.add(socket)).resume();
      sockets.push(socket);
    }
    // Those that it can't have are ended by it.
    await until(
      () => (ended.size >= SOCKETS - LIMIT ? true : undefined),
      () => `only ${ended.size} were ended`,
    );
    await appendFile(users, `bob:${await bcrypt.hash('pw-of-bob-12', 4)}\n`);
    // Two looks at the files pass. Who is connected is served meanwhile.
    const end = performance.now() + 2 * LOOK_MS + 200;
    for (let nth = 0; performance.now() < end; nth += 1) {
      before.ask('GET', '/healthz');
      expect(await before.answer(nth)).toMatchObject({ status: 200 });
    }
    before.close();
    for (const socket of sockets) {
      socket.destroy();
      if (!ended.has(socket)) await once(socket, 'close');
    }
    expect(await statusAs(lender.authorization)).toBe(200);
    const bob = basic('bob', 'pw-of-bob-12');
    await until(
      async () => ((await statusAs(bob)) === 200 ? true : undefined),
      () => `the new user does not get in:\n${gate.log.slice(-10).join('\n')}`,
      10_000,
    );
  });
});
