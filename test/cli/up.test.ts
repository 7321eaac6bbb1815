import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initCertificates } from '../../src/certs/init-certificates.ts';
import { run } from '../../src/cli/program.ts';
import { renderWelcome } from '../../src/cli/up-words.ts';
import type { Welcome } from '../../src/cli/up-words.ts';
import { basic } from '../support/test-gate.ts';
import { recordingTerminal } from '../support/terminal.ts';
import type { RecordingTerminal } from '../support/terminal.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'up-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Polls until the terminal has said it. */
async function said(terminal: RecordingTerminal, words: string): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!terminal.stderr().includes(words)) {
    if (Date.now() > deadline) throw new Error(`never said ${words}: ${terminal.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return terminal.stderr();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function get(port: number, path: string, ca: string, authorization?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization };
    const asked = request({ host: '127.0.0.1', port, path, ca, headers, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.once('end', () => resolve({ status: answer.statusCode, body }));
    });
    asked.once('error', reject).end();
  });
}

/** Runs `up` until it serves, does something, and stops it. */
async function whileUp(
  args: readonly string[],
  terminal: RecordingTerminal,
  action: (port: number, words: string) => Promise<void>,
): Promise<number> {
  const port = await freePort();
  const certs = join(folder, 'certs');
  const fixed = ['--listen', `127.0.0.1:${port}`, '--certs', certs, '--data', join(folder, 'data')];
  const running = run(['up', ...fixed, ...args], terminal);
  const words = await Promise.race([
    said(terminal, 'Ctrl-C stops it'),
    running.then(() => terminal.stderr()),
  ]);
  if (words.includes('Ctrl-C stops it')) await action(port, words);
  terminal.signal('SIGINT');
  return running;
}

describe('up', () => {
  it('makes a CA, a certificate, a first user and a registry, and serves them', async () => {
    const code = await whileUp(
      ['--host', 'registry.lan'],
      recordingTerminal({ isTTY: true }),
      async (port, words) => {
        const ca = await readFile(join(folder, 'certs/ca.crt'), 'utf8');
        const password = /with the password {2}(\w{20})/.exec(words)?.[1] ?? '';
        expect(await get(port, '/v2/_catalog', ca, basic('admin', password))).toEqual({
          status: 200,
          body: expect.stringContaining('"repositories":[]'),
        });
        expect((await get(port, '/v2/', ca, basic('admin', `${password}x`))).status).toBe(401);
        expect((await get(port, '/readyz', ca)).status).toBe(200);
        expect(words).toContain(`docker login registry.lan:${port} -u admin`);
        expect(words).toContain(
          `certs trust --for docker registry.lan:${port} --certs ${join(folder, 'certs')}`,
        );
      },
    );
    expect(code).toBe(0);
  });

  it('changes nothing at a second start', async () => {
    await whileUp([], recordingTerminal({ isTTY: true }), async () => undefined);
    const before = await contents();
    await whileUp([], recordingTerminal({ isTTY: true }), async (_port, words) => {
      expect(words).not.toContain('password');
    });
    expect(await contents()).toEqual(before);
  });

  it('keeps the password in a file where there is no terminal to show it on', async () => {
    await whileUp([], recordingTerminal(), async (port, words) => {
      const file = join(folder, 'certs/first-password.txt');
      expect(words).toContain(file);
      const password = (await readFile(file, 'utf8')).trim();
      expect(words).not.toContain(password);
      const ca = await readFile(join(folder, 'certs/ca.crt'), 'utf8');
      expect((await get(port, '/v2/', ca, basic('admin', password))).status).toBe(200);
    });
  });

  it('adds a name to its own certificate, says so, and keeps the CA', async () => {
    const directory = join(folder, 'certs');
    await initCertificates({ directory, hosts: ['old.lan'], now: new Date() });
    const ca = await readFile(join(directory, 'ca.crt'), 'utf8');
    await whileUp(['--host', 'new.lan'], recordingTerminal({ isTTY: true }), async (_port, words) => {
      expect(words).toMatch(/took the place of the one before: to cover new\.lan/);
      expect(words).toContain('old.lan');
    });
    expect(await readFile(join(directory, 'ca.crt'), 'utf8')).toBe(ca);
  });

  it.each([
    { name: 'without ca.key', missing: ['ca.key'], trust: true },
    { name: 'from elsewhere', missing: ['ca.key', 'ca.crt'], trust: false },
  ])('serves a certificate $name as it is', async ({ missing, trust }) => {
    const directory = join(folder, 'certs');
    await initCertificates({ directory, hosts: ['old.lan', '127.0.0.1'], now: new Date() });
    for (const name of missing) await rm(join(directory, name));
    const before = await readFile(join(directory, 'domain.crt'), 'utf8');
    const code = await whileUp(
      ['--host', 'new.lan'],
      recordingTerminal({ isTTY: true }),
      async (_port, words) => {
        expect(words).toContain('It does not cover new.lan');
        expect(words.includes('Trust its CA')).toBe(trust);
      },
    );
    expect(code).toBe(0);
    expect(await readFile(join(directory, 'domain.crt'), 'utf8')).toBe(before);
  });

  it('says what is wrong with a folder that it cannot use', async () => {
    await writeFile(join(folder, 'data'), 'a file, not a folder');
    const terminal = recordingTerminal({ isTTY: true });
    expect(await whileUp([], terminal, async () => undefined)).toBe(1);
    expect(terminal.stderr()).toMatch(/The registry in .*data can't be written/);
  });

  async function contents(): Promise<Readonly<Record<string, string>>> {
    const names = (await readdir(join(folder, 'certs'))).filter((name) => !name.startsWith('token-uses'));
    const texts = await Promise.all(names.map((name) => readFile(join(folder, 'certs', name), 'utf8')));
    return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']));
  }
});

describe('renderWelcome', () => {
  const WELCOME: Welcome = {
    certificates: { names: ['build', 'localhost', '127.0.0.1', '10.0.0.5'], notes: [], hasAuthority: true },
    certs: './certs',
    port: 443,
    refused: undefined,
    hosts: [],
    firstUser: undefined,
  };
  const names = (...list: string[]): Welcome['certificates'] => ({
    names: list,
    notes: [],
    hasAuthority: true,
  });

  it.each<readonly [name: string, change: Partial<Welcome>, line: string]>([
    [
      'an address of the network before a name that docker takes for a folder',
      {},
      'docker login 10.0.0.5 -u NAME',
    ],
    ['a name with a dot', { certificates: names('build.lan', '10.0.0.5') }, 'docker login build.lan -u NAME'],
    [
      'localhost where there is nothing else',
      { certificates: names('localhost', '127.0.0.1') },
      'docker login localhost -u',
    ],
    ['what was given by hand', { hosts: ['https://Foo.lan/'] }, 'docker login foo.lan -u'],
    ['a port behind a name without a dot', { hosts: ['foo'] }, 'docker login foo:443 -u'],
    ['another port', { port: 8443 }, 'docker login 10.0.0.5:8443 -u'],
    [
      'brackets around IPv6',
      { certificates: names('fd00::5'), hosts: ['fd00::5'], port: 8443 },
      'docker login [fd00::5]:8443',
    ],
    ['whose the port is', { port: 8443, refused: 'EADDRINUSE' }, 'Another program has port 443'],
    ['which right is missing', { port: 8443, refused: 'EACCES' }, 'Port 443 needs a right'],
  ])('names %s', (_name, change, line) => {
    expect(renderWelcome({ ...WELCOME, ...change })).toContain(line);
  });
});

describe('hints', () => {
  it.each([
    { event: 'gate', says: 'npm run -s gate -- certs init' },
    { event: 'start', says: 'npm run -s gate -- certs init' },
    { event: undefined, says: 'registry-gate certs init' },
  ])('can be typed as they stand when called by $event', async ({ event, says }) => {
    const env = event === undefined ? {} : { npm_lifecycle_event: event };
    const terminal = recordingTerminal({ env });
    expect(await run(['serve', '--certs', join(folder, 'none')], terminal)).toBe(1);
    expect(terminal.stderr()).toContain(says);
  });

  it('tells its version', async () => {
    const terminal = recordingTerminal();
    expect(await run(['--version'], terminal)).toBe(0);
    expect(terminal.stdout()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
