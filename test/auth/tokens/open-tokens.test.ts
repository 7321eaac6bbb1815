import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { openTokens, type Tokens } from '../../../src/auth/tokens/open-tokens.ts';
import { readTokenForm, readTokenQuery } from '../../../src/auth/tokens/token-form.ts';
import type { TokenClient } from '../../../src/auth/tokens/token-service.ts';
import { recordingTerminal } from '../../support/terminal.ts';
import { Clock, directoryOf, errorOf, makeFolder } from './support.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let users: Map<string, string>;
let clock: Clock;
let log: string[];

beforeEach(async () => {
  folder = await makeFolder();
  users = new Map([['alice', 'right']]);
  clock = new Clock();
  clock.at = Date.now();
  log = [];
});

afterEach(() => folder.close());

function opened(more: { identityTokens?: boolean } = {}): Promise<Tokens> {
  const write =
    (level: string) =>
    (fields: object, message: string): void =>
      void log.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return openTokens({
    state: folder.path,
    service: 'gate.test',
    realm: 'Registry',
    passwords: {
      remembered: () => undefined,
      authenticate: async ({ user, password }) =>
        users.get(user) === password.reveal() ? { kind: 'verified', user } : { kind: 'rejected' },
    },
    directory: directoryOf(users),
    grants: (_principal, asked) => asked,
    anonymous: () => false,
    logger: { info: write('info'), warn: write('warn'), error: write('error'), debug: write('debug') },
    now: clock.now,
    ...more,
  });
}

async function tokens(...command: readonly string[]): Promise<string> {
  const terminal = recordingTerminal();
  const status = await run(['tokens', ...command, '--certs', folder.path], terminal);
  if (status !== 0) throw new Error(terminal.stderr());
  return terminal.stdout().trim();
}

function client(user: string, password: string): TokenClient {
  const authorization = {
    kind: 'credentials',
    credentials: { user, password: new Secret(password) },
  } as const;
  return { address: '10.0.0.1', agent: 'docker/27', authorization };
}

async function fetched(gate: Tokens, query: string, by: TokenClient): Promise<Record<string, string>> {
  const { body } = await gate.answer(readTokenQuery(query), by);
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)]));
}

async function refreshed(gate: Tokens, secret: string): Promise<number> {
  const form = Buffer.from(`grant_type=refresh_token&refresh_token=${secret}`);
  const nobody: TokenClient = { address: '10.0.0.1', agent: '', authorization: { kind: 'anonymous' } };
  return (await gate.answer(readTokenForm('application/x-www-form-urlencoded', form), nobody)).status;
}

const LOGIN = 'client_id=docker&offline_token=true&service=gate.test';

describe('all about tokens', () => {
  it('follows the commands: a machine that is made and revoked', async () => {
    const gate = await opened();
    const secret = await tokens('create', 'ci', '--repository', 'team/**', '--allow', 'pull');
    expect(await fetched(gate, LOGIN, client('ci', secret))).not.toHaveProperty('token');
    await gate.reload();
    const { token = '' } = await fetched(gate, LOGIN, client('ci', secret));
    const held = await gate.access.verify(token);
    const scope = [{ repositories: ['team/**'], allow: ['pull'] }];
    expect(held).toMatchObject({ kind: 'machine', name: 'ci', scope });
    if (held?.kind !== 'machine') throw new Error('no machine');
    const id = held.tokenId ?? '';
    expect(gate.admit(held, '10.0.0.1')?.principal).toMatchObject({ scope });
    await gate.close();
    const [row] = JSON.parse(await tokens('list', '--json'));
    expect(row).toMatchObject({ id, lastUsed: new Date(clock.at).toISOString() });
    await tokens('revoke', id);
    await gate.reload();
    expect(gate.access.remembered(token)).toBeUndefined();
    expect(await gate.access.verify(token)).toBeUndefined();
    expect(gate.admit(held, '10.0.0.1')).toBeUndefined();
  });

  it('follows the commands: a device that signs in and is revoked', async () => {
    const gate = await opened();
    const { token = '', refresh_token: secret = '' } = await fetched(gate, LOGIN, client('alice', 'right'));
    expect(await refreshed(gate, secret)).toBe(200);
    await writeFile(join(folder.path, 'htpasswd'), 'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n');
    const [{ id }] = JSON.parse(await tokens('list', '--json'));
    await tokens('revoke', id);
    await gate.reload();
    expect(await refreshed(gate, secret)).toBe(401);
    // The first token came from the password, which still holds.
    expect(await gate.access.verify(token)).toBeDefined();
  });

  it('survives a restart', async () => {
    const before = await opened();
    const { token = '', refresh_token: secret = '' } = await fetched(before, LOGIN, client('alice', 'right'));
    await before.close();
    const gate = await opened();
    expect(await gate.access.verify(token)).toBeDefined();
    expect(await refreshed(gate, secret)).toBe(200);
  });

  it('keeps the devices while identity tokens are switched off', async () => {
    const before = await opened();
    const { refresh_token: secret = '' } = await fetched(before, LOGIN, client('alice', 'right'));
    const off = await opened({ identityTokens: false });
    expect(await fetched(off, LOGIN, client('alice', 'right'))).not.toHaveProperty('refresh_token');
    expect(await refreshed(off, secret)).toBe(400);
    await off.close();
    expect(await refreshed(await opened(), secret)).toBe(200);
  });

  it('tells when tokens end', async () => {
    await tokens('create', 'ci', '--expires', '20d');
    await tokens('create', 'forever', '--expires', 'never');
    const gate = await opened();
    expect(gate.endings()).toEqual([
      {
        kind: 'machine token',
        name: expect.stringMatching(/^token m-\w+ of ci$/),
        notAfter: expect.any(Date),
      },
    ]);
  });

  it.each(['tokens.json', 'identity-tokens.json', 'token-keys.json'])(
    'goes on when %s is damaged, says so, and does not start with it',
    async (name) => {
      const gate = await opened();
      const secret = await tokens('create', 'ci');
      await gate.reload();
      const { token = '', refresh_token: identity = '' } = await fetched(
        gate,
        LOGIN,
        client('alice', 'right'),
      );
      await writeFile(join(folder.path, name), '{');
      await gate.reload();
      expect(log).toEqual([expect.stringMatching(new RegExp(`^error .*not reloaded.*${name}`))]);
      expect(await gate.access.verify(token)).toBeDefined();
      expect(await refreshed(gate, identity)).toBe(200);
      expect(await fetched(gate, LOGIN, client('ci', secret))).toHaveProperty('token');
      expect((await errorOf(opened())).code).toBe('STATE_INVALID');
      expect(await readFile(join(folder.path, name), 'utf8')).toBe('{');
    },
  );

  it('logs no secret', async () => {
    const gate = await opened();
    const { token = '', refresh_token: secret = '' } = await fetched(gate, LOGIN, client('alice', 'right'));
    await writeFile(join(folder.path, 'identity-tokens.json'), '{');
    await fetched(gate, LOGIN, client('alice', 'right'));
    expect(log).toHaveLength(1);
    for (const text of [token, secret, 'right']) expect(log.join('\n')).not.toContain(text);
  });
});
