import { X509Certificate } from 'node:crypto';
import { stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applyFixes } from '../../src/cli/doctor/fix.ts';
import { wrong, type Check } from '../../src/doctor/check.ts';
import { checkTrust } from '../../src/doctor/checks/trust.ts';
import { thisMachine } from '../../src/pki/trust/trust-target.ts';
import { keyToPem } from '../../src/pki/x509/key-pair.ts';
import { authorityFingerprint } from '../../src/pki/x509/certificate-file.ts';
import { AUTHORITY, craft } from '../pki/craft.ts';
import { temporaryFolders } from '../pki/support.ts';
import { recordingTerminal } from '../support/terminal.ts';
import { checkAccount } from '../../src/doctor/checks/account.ts';
import { checkProxies } from '../../src/doctor/checks/proxy.ts';
import { ask } from '../../src/doctor/facts/ask.ts';
import { readTarget } from '../../src/doctor/target.ts';
import { AppError } from '../../src/lib/errors.ts';
import { printable } from '../../src/lib/printable.ts';
import { run } from '../support/programs.ts';

// `doctor` asks whoever answers, before anything is verified, and prints commands for people to paste.

const folder = temporaryFolders();

/** A server that answers each piece that it gets with this text. */
async function serve(answer: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(answer, 'latin1'));
    onTestFinished(() => {
      socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('a server that does not want to be diagnosed', () => {
  it.each([
    {
      name: 'switches protocols unasked',
      answer: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      expected: { kind: 'fault', code: 'ECONNRESET' },
    },
    {
      name: 'says that it is about to answer',
      answer: 'HTTP/1.1 103 Early Hints\r\n\r\n',
      expected: { kind: 'fault', code: 'ETIMEDOUT' },
    },
    { name: 'says nothing', answer: '', expected: { kind: 'fault', code: 'ETIMEDOUT' } },
    {
      name: 'sends a body without an end',
      answer: `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(200_000)}`,
      expected: { kind: 'answer', status: 200, text: 'x'.repeat(65_536) },
    },
  ])('is left after a few seconds: one that $name', async ({ answer, expected }) => {
    const place = { address: '127.0.0.1', port: await serve(answer), host: 'localhost' };
    // Less than the few seconds of doctor, for those that are to be waited for.
    const timeoutMs = expected.code === 'ETIMEDOUT' ? 300 : undefined;
    expect(await ask(place, '/v2/', false, timeoutMs)).toMatchObject(expected);
  });
});

describe('a certificate that is fetched by a command of doctor', () => {
  const [seen, other] = ['seen', 'other'].map((name) => craft({ name, extensions: AUTHORITY }));

  it.each([
    { name: 'is trusted if it is the one that was looked at', sent: seen, expected: 'trusted' },
    { name: 'is not, if the server sends another one by then', sent: other, expected: '' },
  ])('$name', async ({ sent, expected }) => {
    const server = createTlsServer({
      cert: sent?.pem ?? '',
      key: sent === undefined ? '' : keyToPem(sent.key),
    });
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const certificate = new X509Certificate(seen?.pem ?? '');
    const store = { client: 'podman', folders: [], trusted: [], system: undefined, isTold: false } as const;
    const { cure = '' } = checkTrust(
      readTarget(`127.0.0.1:${(server.address() as AddressInfo).port}`),
      { ...store, missing: undefined, isStale: false, needsRoot: false },
      {
        chain: [certificate],
        authority: {
          certificate,
          pem: certificate.toString(),
          sha256: authorityFingerprint(certificate.toString()),
          source: 'chain',
          isProven: false,
        },
        isPublic: false,
        isLoopback: false,
        here: { isRoot: true, isServer: false, login: 'podman login' },
      },
    );
    const command = cure.replace(/registry-gate certs trust .*$/, 'printf trusted');
    expect((await run('sh', ['-c', command], { cwd: await folder() })).output).toBe(expected);
  });
});

describe('doctor --fix', () => {
  it('changes the mode of a file, and of none that a link leads to', async () => {
    const at = await folder();
    const [file, link, foreign] = ['file', 'link', 'foreign'].map((name) => join(at, name));
    for (const path of [file ?? '', foreign ?? '']) await writeFile(path, '', { mode: 0o644 });
    await symlink(foreign ?? '', link ?? '');
    const check = (path = ''): Check =>
      wrong({ id: path, what: path }, '', '', { kind: 'mode', paths: [path], mode: 0o600 });
    const terminal = recordingTerminal();
    const machine = await thisMachine({}, at);
    const context = { client: undefined, machine, certs: undefined };
    expect(await applyFixes([check(link), check(file)], context, terminal)).toEqual([file]);
    expect(terminal.stderr()).toMatch(/Not fixed: .*link\. .*it is a symbolic link/);
    const modes = await Promise.all(
      [file, foreign].map(async (path) => (await stat(path ?? '')).mode & 0o777),
    );
    expect(modes).toEqual([0o600, 0o644]);
  });
});

describe('commands that doctor prints', () => {
  const here = { isRoot: true, isServer: false, login: 'docker login' };
  const target = readTarget('registry.lan');

  it('take the name of a user for one word', () => {
    const refused = { error: new AppError('REGISTRY_REFUSED', { message: 'no' }) };
    const facts = { user: 'a; id', repository: 'x', push: refused, pull: undefined, removal: undefined };
    const cures = [undefined, refused].flatMap((signIn) =>
      checkAccount(target, { ...facts, signIn }, { reason: '', here }).flatMap(({ cure }) => cure ?? []),
    );
    expect(cures).toEqual([
      "registry-gate access check 'a; id' push x",
      "docker login -u 'a; id' registry.lan",
    ]);
  });

  it.each([
    {
      kind: 'systemd',
      exceptions: 'a.lan,%n',
      expected: '[Service]\nEnvironment="NO_PROXY=a.lan,%n,registry.lan"\n',
    },
    {
      kind: 'daemon',
      exceptions: 'x|e;1e id;s|a|b&',
      expected: '{"no-proxy": "x|e;1e id;s|a|b&,registry.lan"}\n',
    },
  ] as const)(
    'take what is excepted from a proxy for text: $kind',
    async ({ kind, exceptions, expected }) => {
      const setting = { kind, where: '-', proxy: 'http://proxy:3128', exceptions };
      const [check] = checkProxies(target, ['10.0.0.5'], [setting], here);
      // The part that makes the text, as it stands on the terminal.
      const command = printable(check?.cure ?? '')
        .replace(/^mkdir [^&]+ && /, '')
        .replace(/ (?:\||- &&) .*$/, '');
      const words = command.replace('sed -i', 'sed');
      const { output } = await run('sh', ['-c', words], { input: `{"no-proxy": "${exceptions}"}\n` });
      expect(output).toBe(expected);
    },
  );
});
