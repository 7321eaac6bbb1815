import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { request } from 'node:https';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorityFingerprint } from '../../../src/pki/x509/certificate-file.ts';
import { readStatus } from '../../../src/pki/authority/status.ts';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { findInvocation } from '../../../src/cli/terminal/invocation.ts';
import { run } from '../../../src/cli/program.ts';
import { findReachable, registryAddress } from '../../../src/cli/serve/reachable.ts';
import type { Reachable, ReachableOptions } from '../../../src/cli/serve/reachable.ts';
import { renderWelcome, type Welcome } from '../../../src/cli/serve/welcome.ts';
import { basic } from '../../support/test-gate.ts';
import { recordingTerminal, type RecordingTerminal } from '../../support/terminal.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

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
        const host = `registry.lan:${port}`;
        const fingerprint = authorityFingerprint(ca);
        expect(words).toContain(
          `certs trust --for docker ${host} --from https://${host} --fingerprint ${fingerprint}\n`,
        );
      },
    );
    expect(code).toBe(0);
  });

  it('changes nothing at a second start', async () => {
    await whileUp([], recordingTerminal({ isTTY: true }), async () => undefined);
    const before = await contents();
    await whileUp([], recordingTerminal({ isTTY: true }), async (_port, words) => {
      expect(words).not.toContain('with the password');
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

  it('drops an address that the machine lost from its own certificate, and says so', async () => {
    const directory = join(folder, 'certs');
    await initCertificates({ directory, hosts: ['old.lan', '203.0.113.7'], now: new Date() });
    await writeFile(join(directory, 'found-names.json'), '["203.0.113.7"]');
    await whileUp([], recordingTerminal({ isTTY: true }), async (_port, words) => {
      expect(words).toMatch(/The certificate was replaced: .*to drop 203\.0\.113\.7, which this machine/);
      const { names } = (await readStatus({ directory }, new Date())).certificate;
      expect(names).toContain('old.lan');
      expect(names).not.toContain('203.0.113.7');
    });
  });

  it('adds a name to its own certificate, says so, and keeps the CA', async () => {
    const directory = join(folder, 'certs');
    await initCertificates({ directory, hosts: ['old.lan'], now: new Date() });
    const ca = await readFile(join(directory, 'ca.crt'), 'utf8');
    await whileUp(['--host', 'new.lan'], recordingTerminal({ isTTY: true }), async (_port, words) => {
      expect(words).toMatch(/The certificate was replaced: to cover new\.lan/);
      expect((await readStatus({ directory: directory }, new Date())).certificate.names).toContain('old.lan');
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
        expect(words.includes('trust the CA')).toBe(trust);
      },
    );
    expect(code).toBe(0);
    expect(await readFile(join(directory, 'domain.crt'), 'utf8')).toBe(before);
  });

  it('makes the folder of the users file too', async () => {
    const users = join(folder, 'people/htpasswd');
    const terminal = recordingTerminal({ isTTY: true });
    expect(await whileUp(['--users', users], terminal, async () => undefined)).toBe(0);
    expect(await readFile(users, 'utf8')).toMatch(/^admin:/);
  });

  it('says what is wrong with a folder that it cannot use, and leaves no user behind', async () => {
    await writeFile(join(folder, 'data'), 'a file, not a folder');
    const terminal = recordingTerminal({ isTTY: true });
    expect(await whileUp([], terminal, async () => undefined)).toBe(1);
    expect(terminal.stderr()).toMatch(/The registry in .*data can't be written/);
    expect(await left()).toEqual([]);
  });

  it.each([
    ['an address that this machine does not have', '192.0.2.1:0'],
    ['a host name that leads nowhere', 'nowhere.invalid:0'],
  ])('leaves no user behind where it cannot listen: %s', async (_name, address) => {
    const terminal = recordingTerminal();
    const flags = ['--certs', join(folder, 'certs'), '--data', join(folder, 'data')];
    expect(await run(['up', '--listen', address, ...flags], terminal)).toBe(1);
    expect(await left()).toEqual([]);
  });

  it('keeps a users file that was there, and is without users as before', async () => {
    const users = join(folder, 'users');
    await writeFile(users, '# nobody yet\n');
    const flags = ['--certs', join(folder, 'certs'), '--data', join(folder, 'data'), '--users', users];
    expect(await run(['up', '--listen', '192.0.2.1:0', ...flags], recordingTerminal())).toBe(1);
    expect(await readFile(users, 'utf8')).toBe('# nobody yet\n');
  });

  it('names the first user and the cure at later starts, until somebody has signed in', async () => {
    await whileUp([], recordingTerminal({ isTTY: true }), async () => undefined);
    let password = '';
    await whileUp([], recordingTerminal(), async (_port, words) => {
      expect(words).toContain('The user admin, made by an earlier start, has not signed in yet');
      expect(words).toContain(`registry-gate users passwd --certs ${join(folder, 'certs')} admin`);
      expect(words).not.toContain('first-password.txt');
      expect(words).toMatch(/docker login \S+ -u admin/);
    });
    await run(['users', 'remove', 'admin', '--certs', join(folder, 'certs')], recordingTerminal());
    await whileUp([], recordingTerminal(), async () => undefined);
    password = (await readFile(join(folder, 'certs/first-password.txt'), 'utf8')).trim();
    await whileUp([], recordingTerminal(), async (port, words) => {
      expect(words).toContain(`The password is in a file:  cat ${join(folder, 'certs/first-password.txt')}`);
      const ca = await readFile(join(folder, 'certs/ca.crt'), 'utf8');
      expect((await get(port, '/v2/', ca, basic('admin', 'wrong'))).status).toBe(401);
      expect(await left()).toContain('first-user.json');
      expect((await get(port, '/v2/', ca, basic('admin', password))).status).toBe(200);
      await gone(join(folder, 'certs/first-user.json'));
    });
    await whileUp([], recordingTerminal(), async (_port, words) => {
      expect(words).not.toContain('admin');
    });
  });

  it('says nothing of the first user once the password was changed', async () => {
    await whileUp([], recordingTerminal({ isTTY: true }), async () => undefined);
    const flags = ['--certs', join(folder, 'certs'), '--password-stdin'];
    await run(['users', 'passwd', 'admin', ...flags], recordingTerminal({ stdin: 'another password' }));
    await whileUp([], recordingTerminal(), async (_port, words) => expect(words).not.toContain('admin'));
    expect(await left()).toEqual(['htpasswd']);
  });

  it('in a container names what clients can reach, takes the names from the environment, and shows no password', async () => {
    const env = { REGISTRY_GATE_IN_CONTAINER: '1', REGISTRY_GATE_HOSTS: 'registry.lan' };
    const startedAs = { pid: 1, parentPid: 0, hostName: '0123456789ab' };
    const terminal = recordingTerminal({ isTTY: true, env, startedAs });
    await whileUp([], terminal, async (port, words) => {
      expect(words).toContain(`registry-gate serves https://registry.lan:${port} (also as localhost)\n`);
      expect(words).toContain(`docker run -p 443:${port}`);
      expect(words).toContain(`docker exec 0123456789ab cat ${join(folder, 'certs/first-password.txt')}`);
      expect(words).toContain(
        `docker exec -it 0123456789ab registry-gate users add --certs ${join(folder, 'certs')} NAME`,
      );
      expect(words).toContain('  registry-gate certs trust --for docker registry.lan');
      expect(words).not.toContain(hostname());
    });
  });

  /** What stands there of users, besides the certificates and locks that have gone. */
  async function left(): Promise<readonly string[]> {
    const names = await readdir(join(folder, 'certs'));
    return names
      .filter((name) => ['htpasswd', 'first-user.json', 'first-password.txt'].includes(name))
      .sort();
  }

  async function gone(path: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while ((await readdir(join(path, '..'))).includes(path.slice(path.lastIndexOf('/') + 1))) {
      if (Date.now() > deadline) throw new Error(`${path} is still there`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async function contents(): Promise<Readonly<Record<string, string>>> {
    const names = (await readdir(join(folder, 'certs'))).filter(
      (name) => !/^(token-uses|\.reserve)/.test(name),
    );
    const texts = await Promise.all(names.map((name) => readFile(join(folder, 'certs', name), 'utf8')));
    return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']));
  }
});

describe('findReachable', () => {
  const NAMES = ['build', '10.0.0.5', 'fd00::5', 'localhost', '127.0.0.1', '::1'];
  const on = (address: string, port = 443): ReachableOptions['addresses'] => [{ address, port }];
  const found = (change: Partial<ReachableOptions>): Reachable =>
    findReachable({ addresses: on('::'), names: NAMES, hosts: [], isContainer: false, ...change });

  it.each<readonly [name: string, change: Partial<ReachableOptions>, address: string]>([
    ['an address of the network before a name that docker takes for a folder', {}, '10.0.0.5'],
    ['a name with a dot', { names: ['build.lan', '10.0.0.5'] }, 'build.lan'],
    ['localhost where there is nothing else', { names: ['localhost', '127.0.0.1'] }, 'localhost'],
    ['what was given by hand', { hosts: ['https://Foo.lan/'] }, 'foo.lan'],
    ['a port behind a name without a dot', { hosts: ['foo'] }, 'foo:443'],
    ['another port', { addresses: on('::', 8443) }, '10.0.0.5:8443'],
    ['brackets around IPv6', { hosts: ['fd00::5'], addresses: on('::', 8443) }, '[fd00::5]:8443'],
    ['loopback where nothing else is listened on', { addresses: on('127.0.0.1', 9555) }, 'localhost:9555'],
    [
      'another loopback address',
      { addresses: on('127.0.0.2', 9555), names: ['127.0.0.2'] },
      '127.0.0.2:9555',
    ],
    ['the one address that is listened on', { addresses: on('10.0.0.5', 9555) }, '10.0.0.5:9555'],
    ['an address that the certificate lacks', { addresses: on('172.17.0.1'), names: NAMES }, '172.17.0.1'],
    ['the machine around a container', { isContainer: true, addresses: on('::', 8443) }, 'localhost:8443'],
  ])('names %s', (_name, change, address) => {
    expect(registryAddress(found(change))).toBe(address);
  });

  it.each<readonly [address: string, others: readonly string[]]>([
    ['127.0.0.1', ['127.0.0.1']],
    ['::1', ['::1']],
    ['10.0.0.5', ['build']],
    ['0.0.0.0', ['build', 'localhost', '127.0.0.1']],
    ['::', ['build', 'fd00::5', 'localhost', '127.0.0.1', '::1']],
  ])('on %s names as others only what leads there', (address, others) => {
    expect(found({ addresses: on(address) }).others).toEqual(others);
  });
});

describe('renderWelcome', () => {
  const WELCOME: Welcome = {
    certificates: { names: [], notes: [], authority: 'ab12' },
    reachable: { host: '10.0.0.5', port: 8443, others: [] },
    refused: undefined,
    firstUser: undefined,
    invocation: findInvocation({}, recordingTerminal().startedAs),
  };

  it.each<readonly [name: string, change: Partial<Welcome>, line: string]>([
    ['the place', {}, 'docker login 10.0.0.5:8443 -u NAME'],
    ['whose the port is', { refused: 'EADDRINUSE' }, 'Another program uses port 443'],
    ['which right is missing', { refused: 'EACCES' }, 'This user may not listen on port 443'],
    ['the plain port', { plainPort: 80 }, 'Port 80 takes plain HTTP: it redirects to https'],
    ['what is typed on a client', {}, '--from https://10.0.0.5:8443 --fingerprint ab12\n'],
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
