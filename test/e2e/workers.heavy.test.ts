import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { kill } from 'node:process';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { USER, gateCommand, gateDoes, makeCerts } from '../support/gate-process.ts';
import { temporaryFolder, until, type Folder, type Ran } from '../support/programs.ts';
import { basic } from '../support/test-gate.ts';
import { readAll, startWorkers, type WorkersFixture } from './workers-fixture.ts';

const BOTH = [1, 2];
const REPOSITORY = '/v2/team/app';

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function push(fixture: WorkersFixture, blob: Buffer): Promise<string> {
  const digest = digestOf(blob);
  const { status } = await fixture.ask('POST', `${REPOSITORY}/blobs/uploads/?digest=${digest}`, {
    body: blob,
    headers: { 'content-type': 'application/octet-stream' },
  });
  expect(status).toBe(201);
  return `${REPOSITORY}/blobs/${digest}`;
}

describe('a gate of two workers', () => {
  let fixture: WorkersFixture;
  let folder: Folder;

  beforeAll(async () => {
    folder = await temporaryFolder('workers-config');
    // Nothing is noticed by itself: what both know, one has told the other, or a signal both.
    fixture = await startWorkers(['--config', await withConfig()]);
  });
  afterAll(async () => {
    await fixture.close();
    await folder.close();
  });

  async function withConfig(): Promise<string> {
    const path = join(folder.path, 'registry-gate.yml');
    await writeFile(path, 'reloadMs: 60000\nauth: {challenge: bearer}\n');
    return path;
  }

  it('says once where it listens, and serves with both', async () => {
    for (let turn = 0; turn < 20; turn += 1) expect((await fixture.ask('GET', '/v2/')).status).toBe(200);
    await fixture.untilLogged('request', 20);
    expect(fixture.logged('listening', 'port')).toHaveLength(1);
    expect(fixture.logged('ready', 'workers')).toEqual([2]);
    expect([...new Set(fixture.logged('request', 'worker'))].toSorted()).toEqual(BOTH);
  });

  it('shares its port with no other gate, although its workers share it', async () => {
    const { port } = new URL(fixture.gate.url);
    const where = ['--certs', fixture.certs, '--listen', `127.0.0.1:${port}`, '--workers', '2'];
    const { status, output } = await gateCommand(['serve', ...where]);
    expect(status).toBe(1);
    expect(output).toContain('EADDRINUSE');
  });

  it('takes a token of one worker at the other, from the first one on', async () => {
    for (let turn = 0; turn < 6; turn += 1) {
      const login = `/token?account=${USER}&client_id=test&offline_token=true&service=registry-gate`;
      const given = JSON.parse((await fixture.ask('GET', login)).body.toString());
      const bearer = { authorization: `Bearer ${given.token}` };
      expect((await fixture.ask('GET', '/v2/', bearer)).status).toBe(200);
      const form = `grant_type=refresh_token&service=registry-gate&client_id=test&refresh_token=${given.refresh_token}`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      for (let again = 0; again < 2; again += 1) {
        const refreshed = await fixture.ask('POST', '/token', { authorization: '', body: form, headers });
        expect(refreshed.status).toBe(200);
      }
    }
  });

  it('goes on with an upload at whichever worker gets the next piece', async () => {
    const uploads = Array.from({ length: 6 }, async () => {
      const pieces = Array.from({ length: 5 }, () => randomBytes(70_000));
      const headers = { 'content-type': 'application/octet-stream' };
      let { headers: next } = await fixture.ask('POST', `${REPOSITORY}/blobs/uploads/`);
      for (const body of pieces) {
        const sent = await fixture.ask('PATCH', String(next.location), { body, headers });
        expect(sent.status).toBe(202);
        next = sent.headers;
      }
      const whole = Buffer.concat(pieces);
      const digest = digestOf(whole);
      const sign = String(next.location).includes('?') ? '&' : '?';
      const put = await fixture.ask('PUT', `${next.location}${sign}digest=${digest}`);
      expect(put.status).toBe(201);
      const pulled = await fixture.ask('GET', `${REPOSITORY}/blobs/${digest}`);
      expect(pulled.body.equals(whole)).toBe(true);
    });
    await Promise.all(uploads);
  });

  it('goes on with a TLS session of one worker at the other', async () => {
    const first = await connect();
    const [session] = await once(first, 'session');
    first.destroy();
    const reused = [];
    for (const _turn of [1, 2, 3, 4]) {
      const socket = await connect(session);
      reused.push(socket.isSessionReused());
      socket.destroy();
    }
    expect(reused).toEqual([true, true, true, true]);
  });

  async function connect(session?: Buffer): Promise<TLSSocket> {
    const { hostname, port } = new URL(fixture.gate.url);
    const ca = await readFile(join(fixture.certs, 'ca.crt'));
    const socket = tlsConnect({ host: hostname, port: Number(port), ca, session });
    await once(socket, 'secureConnect');
    return socket;
  }

  it('looks at the files in all workers at SIGHUP', async () => {
    await gateDoes(['users', 'add', 'bob', '--certs', fixture.certs, '--password-stdin'], {
      input: 'pw-of-bob-12\n',
    });
    const bob = { authorization: basic('bob', 'pw-of-bob-12') };
    for (const _worker of BOTH) expect((await fixture.ask('GET', '/v2/', bob)).status).toBe(401);
    kill(fixture.gate.pid, 'SIGHUP');
    await fixture.untilLogged('users reloaded');
    const answers = [];
    // The other worker may be a moment behind the one that says so.
    for (let turn = 0; turn < 40; turn += 1) answers.push((await fixture.ask('GET', '/v2/', bob)).status);
    expect(answers.slice(-10)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(fixture.logged('users reloaded', 'users')).toEqual([2]);
  });
});

describe('a gate of two workers of which one is killed', () => {
  let fixture: WorkersFixture;

  beforeAll(async () => {
    fixture = await startWorkers();
  });
  afterAll(() => fixture.close());

  it('goes on with the transfers of the other, serves all who come, and has two again', async () => {
    const blob = randomBytes(24 * 1024 * 1024);
    const path = await push(fixture, blob);
    const begun = [];
    // The system deals them out by chance: so many that none of the two workers is left out.
    for (let one = 0; one < 18; one += 1) begun.push(await fixture.begin('GET', path));
    kill(await pidOfWorker(fixture), 'SIGKILL');
    await fixture.untilLogged('worker died');
    const read = begun.map((answer) => readAll(answer).then((bytes) => bytes.equals(blob)));
    const asked = Array.from({ length: 40 }, () => fixture.ask('GET', '/v2/'));
    const ends = await Promise.allSettled(read);
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200));
    // What was whole is right; those of the dead worker broke off.
    const whole = ends.filter(({ status }) => status === 'fulfilled');
    expect(whole).toEqual(whole.map(() => ({ status: 'fulfilled', value: true })));
    expect(whole.length).toBeGreaterThan(0);
    expect(whole.length).toBeLessThan(ends.length);
    await fixture.untilLogged('worker replaced');
    for (let turn = 0; turn < 4; turn += 1) expect((await fixture.ask('GET', '/v2/')).status).toBe(200);
    expect(fixture.logged('worker died', 'end')).toEqual(['SIGKILL']);
  });
});

async function pidOfWorker(fixture: WorkersFixture): Promise<number> {
  const children = `/proc/${fixture.gate.pid}/task/${fixture.gate.pid}/children`;
  const [pid] = (await readFile(children, 'utf8')).trim().split(' ').map(Number);
  if (pid === undefined) throw new Error('no worker');
  return pid;
}

describe('a gate of two workers with a limit on connections', () => {
  it('keeps it in all, and lets the next one in when there is room', async () => {
    const folder = await temporaryFolder('workers-limit');
    const config = join(folder.path, 'registry-gate.yml');
    await writeFile(config, 'limits: {connections: 4}\n');
    const fixture = await startWorkers(['--config', config]);
    const open = new Set<Socket>();
    try {
      const { hostname, port } = new URL(fixture.gate.url);
      let dropped = 0;
      for (let one = 0; one < 10; one += 1) {
        const socket = connectTcp(Number(port), hostname);
        open.add(socket);
        socket.on('error', () => undefined).resume();
        socket.once('close', () => (open.delete(socket), (dropped += 1)));
        await once(socket, 'connect');
      }
      await until(
        () => (dropped >= 6 ? true : undefined),
        () => `${dropped} of 10 dropped`,
      );
      expect(open.size).toBe(4);
      await expect(fixture.ask('GET', '/v2/')).rejects.toThrow(/hang up|ECONNRESET|socket disconnected/);
      for (const socket of open) socket.destroy();
      const status = await until(
        () =>
          fixture.ask('GET', '/v2/').then(
            (answer) => answer.status,
            () => undefined,
          ),
        () => 'no room',
      );
      expect(status).toBe(200);
    } finally {
      for (const socket of open) socket.destroy();
      await fixture.close();
      await folder.close();
    }
  });
});

describe('a gate of two workers that is told to stop', () => {
  it('lets the transfers of both end, and ends in order', async () => {
    const fixture = await startWorkers();
    try {
      const blob = randomBytes(24 * 1024 * 1024);
      const path = await push(fixture, blob);
      const begun = [];
      for (let one = 0; one < 4; one += 1) begun.push(await fixture.begin('GET', path));
      kill(fixture.gate.pid, 'SIGTERM');
      // A terminal or systemd signals them all: the workers leave it to the primary.
      kill(await pidOfWorker(fixture), 'SIGTERM');
      const read = begun.map(async (answer) => (await readAll(answer)).equals(blob));
      expect(await Promise.all(read)).toEqual([true, true, true, true]);
      await fixture.untilLogged('stopped');
      await expect(fixture.ask('GET', '/v2/')).rejects.toThrow(/ECONNREFUSED|hang up|ECONNRESET/);
    } finally {
      await fixture.close();
    }
  });
});

describe('a gate that can not start', () => {
  let folder: Folder;
  let certs: string;
  let port: number;
  const taken = createServer();

  beforeAll(async () => {
    folder = await temporaryFolder('workers-fail');
    certs = join(folder.path, 'certs');
    await makeCerts(certs, ['127.0.0.1']);
    await mkdir(join(folder.path, 'bad'));
    for (const file of ['ca.crt', 'domain.key', 'htpasswd'])
      await copyFile(join(certs, file), join(folder.path, 'bad', file));
    await writeFile(join(folder.path, 'bad', 'domain.crt'), 'no certificate\n');
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = (taken.address() as AddressInfo).port;
  });
  afterAll(async () => {
    taken.close();
    await folder.close();
  });

  it.each([
    { what: 'where the port is taken', args: () => ['--certs', certs, '--listen', `127.0.0.1:${port}`] },
    {
      what: 'where an address is not its own',
      args: () => ['--certs', certs, '--listen', '192.0.2.1:0'],
    },
    {
      what: 'with a bad certificate',
      args: () => ['--certs', join(folder.path, 'bad'), '--listen', '127.0.0.1:0'],
    },
    {
      what: 'without users',
      args: () => ['--certs', certs, '--users', '/nowhere/htpasswd', '--listen', '127.0.0.1:0'],
    },
  ])('says the same as with one process $what', async ({ args }) => {
    const oneProcess = await gateCommand(['serve', ...args()]);
    const cluster = await gateCommand(['serve', ...args(), '--workers', '3']);
    expect(wordsOf(cluster)).toEqual(wordsOf(oneProcess));
    expect(oneProcess.status).toBe(1);
    expect(wordsOf(oneProcess).words[0]).toMatch(/^registry-gate: /);
  });

  it('is told how workers are started', async () => {
    const ran = await gateCommand(['worker', '0', '2']);
    expect(ran.status).toBe(2);
    expect(ran.output).toContain('serve --workers auto');
  });
});

/** What is said to a person, without the log. */
function wordsOf({ status, output }: Ran): { readonly status: number; readonly words: readonly string[] } {
  return { status, words: output.split('\n').filter((line) => !line.startsWith('{')) };
}

it('signs with the same keys in all workers where none can be stored', async () => {
  const folder = await temporaryFolder('workers-state');
  const fixture = await startWorkers(['--state', join(folder.path, 'missing')]);
  try {
    for (let turn = 0; turn < 6; turn += 1) {
      const given = JSON.parse((await fixture.ask('GET', '/token?service=registry-gate')).body.toString());
      const bearer = { authorization: `Bearer ${given.token}` };
      for (const _worker of BOTH) expect((await fixture.ask('GET', '/v2/', bearer)).status).toBe(200);
    }
    await fixture.untilLogged('request', 18);
    expect([...new Set(fixture.logged('request', 'worker'))].toSorted()).toEqual(BOTH);
    expect(fixture.logged('keys of tokens not stored', 'worker').length).toBeGreaterThan(0);
  } finally {
    await fixture.close();
    await folder.close();
  }
});
