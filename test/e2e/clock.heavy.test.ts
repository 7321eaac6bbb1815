import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { kill } from 'node:process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BLOB, openClient, startBackend, type Backend, type Client } from '../faults/scripted-backend.ts';
import { GATE_MAIN } from '../support/gate-process.ts';
import { must, startDaemon, temporaryFolder, until, type Daemon, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { startTestGate, TEST_USER, type TestGate } from '../support/test-gate.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** The clock on the wall jumps; the one that only counts does not, as in a kernel. */
describeWith(['faketime'], 'R152: a clock that jumps', () => {
  let folder: Folder;
  let lender: TestGate;
  let backend: Backend;
  let gate: Daemon;
  let port: number;
  let clock: string;
  let clients: Client[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder('clock');
    clock = join(folder.path, 'clock');
    await jump('+0');
    lender = await startTestGate({ backend: 'http://127.0.0.1:1' });
    backend = await startBackend((visit, head) => {
      visit.socket.write(
        head.includes('/blobs/') ? 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.' : OK,
      );
    });
    const config = join(folder.path, 'gate.yml');
    await writeFile(config, 'auth: {challenge: bearer, tokenSeconds: 600}\ntimeouts: {drainSeconds: 300}\n');
    const serve = ['serve', '--listen', '127.0.0.1:0', '--backend', backend.url, '--certs', lender.certs];
    const env = {
      LD_PRELOAD: await must('faketime', ['-m', '-f', '+0', 'sh', '-c', 'echo $LD_PRELOAD']),
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    const args = [GATE_MAIN, ...serve, '--state', folder.path, '--config', config];
    gate = startDaemon(process.execPath, args, { env });
    const [, found] = await gate.line(/"port":(\d+),"msg":"listening"/);
    port = Number(found);
  });
  afterEach(async () => {
    for (const one of clients) one.close();
    clients = [];
    await gate.close();
    await backend.close();
    await lender.close();
    await folder.close();
  });

  /** From the real time: `+1d`. */
  function jump(offset: string): Promise<void> {
    return writeFile(clock, `${offset}\n`);
  }

  async function client(): Promise<Client> {
    const opened = await openClient({ ...lender, port });
    clients.push(opened);
    return opened;
  }

  function ask(path: string, authorization: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, ca: lender.ca, path, agent: false as const };
      const sent = request({ ...options, headers: { authorization } }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => (body += text));
        const { statusCode: status = 0 } = answer;
        answer.on('end', () => resolve({ status, body }));
      });
      sent.on('error', reject).end();
    });
  }

  /** The time of the gate. */
  async function issuedAt(): Promise<number> {
    const { body } = await ask('/token?service=registry-gate', lender.authorization);
    return Date.parse(String(JSON.parse(body).issued_at));
  }

  async function newToken(): Promise<string> {
    const path = `/token?service=registry-gate&account=${TEST_USER}`;
    const { status, body } = await ask(path, lender.authorization);
    expect(status).toBe(200);
    return `Bearer ${String(JSON.parse(body).token)}`;
  }

  it.each(['+1d', '-1d'])(
    '%s: who knows a password is let in, and gets a token that is good',
    async (offset) => {
      const real = await issuedAt();
      const old = await newToken();
      expect((await ask('/v2/', old)).status).toBe(200);
      await jump(offset);
      // It really has jumped.
      const days = ((await issuedAt()) - real) / 86_400_000;
      expect(Math.round(days)).toBe(offset === '+1d' ? 1 : -1);
      for (let nth = 0; nth < 3; nth += 1) {
        expect((await ask('/v2/', lender.authorization)).status).toBe(200);
        expect((await ask('/v2/', await newToken())).status).toBe(200);
      }
      expect((await ask('/readyz', '')).status).toBe(200);
      // A token of ten minutes is over after a day; one from tomorrow is not good yet, or still good, but no failure.
      expect([401, ...(offset === '-1d' ? [200] : [])]).toContain((await ask('/v2/', old)).status);
      await jump('+0');
      expect((await ask('/v2/', old)).status).toBe(200);
    },
  );

  it.each(['+1d', '-1d'])(
    '%s: a pull that stands still is not cut by it, and a stop waits for it as long as before',
    async (offset) => {
      const one = await client();
      one.ask('GET', BLOB);
      await until(
        () => (one.text().includes('five.') ? true : undefined),
        () => 'no pull',
      );
      await jump(offset);
      // Some looks of the watch over what stands still, which come each second, pass.
      for (const end = performance.now() + 2500; performance.now() < end;)
        expect((await ask('/v2/', lender.authorization)).status).toBe(200);
      kill(gate.pid, 'SIGTERM');
      await until(
        async () => ((await ask('/healthz', '').catch(() => undefined)) === undefined ? true : undefined),
        () => 'it goes on to take connections',
      );
      await jump('+0');
      await jump(offset);
      const visit = backend.visits.find((each) => each.text().includes('/blobs/'));
      visit?.socket.write('more.');
      expect(await one.answer()).toMatchObject({ status: 200, body: 'five.more.' });
      await gate.line(/"msg":"stopped"/);
    },
  );
});
