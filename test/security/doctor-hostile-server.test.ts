import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkAccount } from '../../src/doctor/checks/account.ts';
import { checkProxies } from '../../src/doctor/checks/proxy.ts';
import { ask } from '../../src/doctor/facts/ask.ts';
import { readTarget } from '../../src/doctor/target.ts';
import { AppError } from '../../src/lib/errors.ts';
import { printable } from '../../src/lib/printable.ts';
import { run } from '../support/programs.ts';

// `doctor` asks whoever answers, before anything is verified, and prints commands for people to paste.

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
