import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { kill } from 'node:process';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gateCommand, makeCerts } from '../support/gate-process.ts';
import { startDaemon, temporaryFolder, until, type Folder, type Ran } from '../support/programs.ts';

let folder: Folder;
let good: string;
let copies = 0;
beforeAll(async () => {
  folder = await temporaryFolder('start');
  good = join(folder.path, 'good');
  await makeCerts(good, ['localhost']);
});
afterAll(() => folder.close());

async function certsDirectory(): Promise<string> {
  const directory = join(folder.path, `certs-${(copies += 1)}`);
  await cp(good, directory, { recursive: true });
  return directory;
}

/** Starts `serve`, which is expected to end by itself. */
function serve(certs: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const args = ['serve', '--certs', certs, '--listen', '127.0.0.1:0', '--backend', 'http://127.0.0.1:9'];
  return gateCommand(args, { env });
}

describe('R2: serve', () => {
  it.each([
    ['a lenient parser', { NODE_OPTIONS: '--insecure-http-parser' }, '--insecure-http-parser'],
    ['TLS 1.0', { NODE_OPTIONS: '--tls-min-v1.0' }, '--tls-min-v1.0'],
    ['no verification', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'NODE_TLS_REJECT_UNAUTHORIZED=0'],
  ])('does not start with %s, and says why', async (_name, env, word) => {
    const ran = await serve(good, env);
    expect(ran.status).toBe(1);
    expect(ran.output).toContain(`${word} switches off a protection that the gate stands on.`);
    expect(ran.output).not.toMatch(/^ {4}at /m);
  });
});

describe('R93: serve', () => {
  it('makes no user, no password and no certificate where there is none', async () => {
    const empty = join(folder.path, 'empty');
    await mkdir(empty);
    const ran = await serve(empty);
    expect(ran.status).toBe(1);
    expect(ran.output).toContain('certs init');
    expect(await readdir(empty)).toEqual([]);
  });

  it('makes no user beside a certificate that is there', async () => {
    const certs = await certsDirectory();
    await rm(join(certs, 'htpasswd'));
    const before = await readdir(certs);
    const ran = await serve(certs);
    expect(ran.status).toBe(1);
    expect(ran.output).toContain('users add');
    expect(await readdir(certs)).toEqual(before);
  });
});

const FAULTS: Readonly<Record<string, (users: string) => Promise<void>>> = {
  'is not there': (users) => rm(users),
  'is empty': (users) => writeFile(users, ''),
  'names nobody': (users) => writeFile(users, '# nobody yet\n'),
  'is a folder': async (users) => {
    await rm(users);
    await mkdir(users);
  },
  'has a bad line': async (users) => writeFile(users, `${await readFile(users, 'utf8')}bob\n`),
  'has a password in clear': (users) => writeFile(users, 'bob:hunter2-hunter2\n'),
};

describe('R94: a users file', () => {
  it.each(Object.entries(FAULTS))('that %s keeps serve from starting', async (_name, spoil) => {
    const certs = await certsDirectory();
    await spoil(join(certs, 'htpasswd'));
    const ran = await serve(certs);
    expect(ran.status).toBe(1);
    expect(ran.output).toMatch(/htpasswd/);
    expect(ran.output).not.toContain('"listening"');
    expect(ran.output).not.toContain('hunter2');
  });
});

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

/** Whether a process listens for SIGHUP: the first bit of the signals that it catches (proc_pid_status(5)). */
async function catchesHangUp(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (BigInt(`0x${/SigCgt:\s+([0-9a-f]+)/.exec(status)?.[1] ?? '0'}`) & 1n) === 1n;
}

describe('SIGHUP, by which files are rotated and reloaded', () => {
  it('ends no gate that is still starting', async () => {
    const where = ['--listen', '127.0.0.1:0', '--backend', `embedded:${join(folder.path, 'data')}`];
    const gate = startDaemon(process.execPath, [MAIN, 'serve', '--certs', good, '--workers', '2', ...where]);
    try {
      await until(
        async () => ((await catchesHangUp(gate.pid)) ? true : undefined),
        () => 'it never listened for SIGHUP',
      );
      kill(gate.pid, 'SIGHUP');
      expect(gate.log).toEqual([]);
      await gate.line(/"msg":"ready"/);
    } finally {
      await gate.close();
    }
  });
});
