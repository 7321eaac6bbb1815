import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestGate, type TestGate } from '../support/test-gate.ts';
import { BLOB, eventually, openClient, startBackend } from './scripted-backend.ts';
import type { Backend, Client, Visit } from './scripted-backend.ts';
import { startProcess } from '../support/processes.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

/** Lends its certs directory to the processes. */
let lender: TestGate;
let backend: Backend;
let script: (visit: Visit) => void;
let processes: Served[] = [];

interface Served {
  readonly child: ChildProcess;
  readonly lines: readonly string[];
  readonly exit: Promise<number | string>;
  client(): Promise<Client>;
}

beforeAll(async () => {
  lender = await startTestGate({ backend: 'http://127.0.0.1:1' });
  backend = await startBackend((visit) => script(visit));
});
beforeEach(() => {
  script = (visit) => void visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
});
afterEach(async () => {
  for (const { child, exit } of processes) {
    child.kill('SIGKILL');
    await exit;
  }
  processes = [];
});
afterAll(async () => {
  await lender.close();
  await backend.close();
});

/** `serve` as a process of its own. */
async function serve(...args: readonly string[]): Promise<Served> {
  const where = ['--listen', '127.0.0.1:0', '--backend', backend.url, '--certs', lender.certs];
  const child = startProcess(process.execPath, [MAIN, 'serve', ...where, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  // Not `exit`: what it has written is read by then.
  const exit = once(child, 'close').then(([code, signal]: unknown[]): number | string =>
    typeof code === 'number' ? code : String(signal),
  );
  let port = 0;
  await eventually('it listens', () => {
    const line = lines.find((text) => text.includes('"listening"'));
    port = line === undefined ? 0 : Number(/"port":(\d+)/.exec(line)?.[1]);
    return port > 0;
  });
  const served = { child, lines, exit, client: () => openClient({ ...lender, port }) };
  processes.push(served);
  return served;
}

function beginPull(visit: Visit): void {
  visit.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive.');
}

describe('signals', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`${signal}: what runs ends, then the exit status is 0`, async () => {
      script = beginPull;
      const { child, client, exit, lines } = await serve();
      const one = await client();
      one.ask('GET', BLOB);
      await eventually('the pull runs', () => one.text().includes('five.'));
      const idle = await client();
      idle.ask('GET', '/healthz');
      await idle.answer();
      child.kill(signal);
      await idle.ended();
      backend.visits.at(-1)?.socket.write('more.');
      expect(await one.answer()).toMatchObject({ status: 200, body: 'five.more.' });
      expect(await exit).toBe(0);
      // The registry may be found gone at any moment: that line may come last.
      await eventually('it says so', () => lines.some((line) => line.includes('"msg":"stopped"')));
      expect(lines.some((line) => line.includes('"path":"/v2/library/app/blobs/'))).toBe(true);
    });
  }

  it('SIGTERM and again: what runs is cut, exit status 0', async () => {
    script = beginPull;
    const { child, client, exit } = await serve();
    const one = await client();
    one.ask('GET', BLOB);
    await eventually('the pull runs', () => one.text().includes('five.'));
    const idle = await client();
    idle.ask('GET', '/healthz');
    await idle.answer();
    child.kill('SIGTERM');
    // Idle connections end with the first signal: it has been heard.
    await idle.ended();
    child.kill('SIGTERM');
    await one.ended();
    expect(one.answers()).toEqual([]);
    expect(await exit).toBe(0);
  });

  it('SIGHUP: looks at the files at once', async () => {
    const { child, lines } = await serve('--config', await configWithSlowReload());
    const users = join(lender.certs, 'htpasswd');
    const before = await readFile(users, 'utf8');

    await writeFile(users, `${before}# a comment\n`);
    child.kill('SIGHUP');
    await eventually('it reloads', () => lines.some((line) => line.includes('users reloaded')));
    await writeFile(users, before);
    expect(child.exitCode).toBeNull();
  });
});

async function configWithSlowReload(): Promise<string> {
  const path = join(lender.certs, 'slow.yml');
  await writeFile(path, 'reloadMs: 60000\n');
  return path;
}

describe('standard output', () => {
  it('is closed: the gate keeps serving', async () => {
    const { child, client } = await serve();
    child.stdout?.destroy();
    child.stderr?.destroy();
    const one = await client();
    for (let nth = 0; nth < 50; nth += 1) {
      one.ask('GET', BLOB);
      expect(await one.answer(nth)).toMatchObject({ status: 200 });
    }
    expect(child.exitCode).toBeNull();
  });

  it('is full: the gate keeps serving, and stops when told', async () => {
    const { child, client, exit } = await serve();
    child.stdout?.removeAllListeners('data').removeAllListeners('readable').pause();
    const one = await client();
    let left = 1500;
    one.socket.on('data', () => (left -= 1) > 0 && one.ask('GET', BLOB));
    one.ask('GET', BLOB);
    await eventually('all are answered', () => left <= 0);
    one.close();
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  });
});
