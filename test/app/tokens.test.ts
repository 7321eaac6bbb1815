import { readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { startDaemon, until } from '../support/programs.ts';
import { sendRaw } from '../support/raw-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { describeWith } from '../support/requires.ts';
import { recordingTerminal } from '../support/terminal.ts';
import { TEST_PASSWORD, basic, startTestGate } from '../support/test-gate.ts';
import type { TestGate, TestGateOptions } from '../support/test-gate.ts';
import { errorOf, machineToken, makeFolder } from '../auth/tokens/support.ts';

const RULES = `rules:
  - { who: alice, repositories: 'team/**', allow: [pull, push] }
  - { who: 'token:ci', repositories: 'ci/**', allow: [pull, push] }
  - { who: anonymous, repositories: 'public/*', allow: pull }
`;
const AUTH = {
  realm: 'Registry',
  cacheSeconds: 300,
  challenge: 'auto',
  service: 'registry-gate',
  tokenSeconds: 3600,
  identityTokens: true,
  backendTokens: false,
} as const;

let state: Awaited<ReturnType<typeof makeFolder>>;
let backend: RecordingBackend;
let gate: TestGate;

beforeEach(async () => {
  state = await makeFolder();
  backend = await startRecordingBackend();
});

afterEach(async () => {
  await gate.close();
  await backend.close();
  await state.close();
});

async function start(rules: string | undefined, more: Partial<TestGateOptions> = {}): Promise<void> {
  const access = rules === undefined ? undefined : join(state.path, 'access.yml');
  if (access !== undefined && rules !== undefined) await writeFile(access, rules);
  gate = await startTestGate({
    backend: backend.url,
    ...more,
    config: { state: state.path, access, auth: AUTH, ...more.config },
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port, ca } = gate;
    const asked = request(
      { host: '127.0.0.1', port, ca, method, path, headers, agent: false, servername: 'localhost' },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    asked.on('error', reject).end(body);
  });
}

const alice = (): Record<string, string> => ({ authorization: gate.authorization });
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function tokenFor(scope: string, headers: Record<string, string>): Promise<string> {
  const { status, body } = await ask('GET', `/token?service=registry-gate&scope=${scope}`, headers);
  if (status !== 200) throw new Error(`${status} ${body}`);
  return JSON.parse(body).token;
}

async function tokens(...command: readonly string[]): Promise<string> {
  const terminal = recordingTerminal();
  const status = await run(['tokens', ...command, '--certs', gate.certs, '--state', state.path], terminal);
  if (status !== 0) throw new Error(terminal.stderr());
  await gate.gate.reload();
  return terminal.stdout().trim();
}

describe('a gate without an access file', () => {
  beforeEach(() => start(undefined));

  it('asks for a password, and writes nothing for tokens that nobody wants', async () => {
    const { headers } = await ask('GET', '/v2/');
    expect(headers['www-authenticate']).toBe('Basic realm="Registry", charset="UTF-8"');
    expect((await ask('GET', '/v2/', alice())).status).toBe(200);
    // The socket that `abuse list` asks is no file of tokens.
    expect((await readdir(state.path)).filter((name) => !name.endsWith('.sock'))).toEqual([]);
  });

  it('takes a token all the same, and never hands it on', async () => {
    const token = await tokenFor('repository:team/app:pull', alice());
    expect((await ask('GET', '/v2/team/app/tags/list', bearer(token))).status).toBe(200);
    const { requests } = backend.take()[0] ?? { requests: [] };
    expect(JSON.stringify(requests)).toContain('/v2/team/app/tags/list');
    expect(JSON.stringify(requests)).not.toMatch(/authorization|bearer/i);
  });

  it('gives nobody a token', async () => {
    expect((await ask('GET', '/token?scope=repository:team/app:pull')).status).toBe(401);
  });
});

describe('a gate with a rule for anonymous', () => {
  beforeEach(() => start(RULES));

  it.each([
    ['the ping', 'GET', '/v2/', ''],
    ['a pull', 'GET', '/v2/team/app/manifests/1', ',scope="repository:team/app:pull"'],
    ['a push', 'POST', '/v2/team/app/blobs/uploads/', ',scope="repository:team/app:pull,push"'],
    ['the catalog', 'GET', '/v2/_catalog', ',scope="registry:catalog:*"'],
    ['no path of the registry', 'GET', '/v2/x/y', ''],
  ])('asks for a token of the host that the client named, for %s', async (_name, method, path, scope) => {
    const { status, headers } = await ask(method, path, { host: 'gate.test:8443' });
    expect([status, headers['www-authenticate']]).toEqual([
      401,
      `Bearer realm="https://gate.test:8443/token",service="registry-gate"${scope}`,
    ]);
  });

  it('lets nobody pull what is public, with a token and without', async () => {
    const token = await tokenFor('repository:public/app:pull', {});
    expect((await ask('GET', '/v2/', bearer(token))).status).toBe(200);
    expect((await ask('GET', '/v2/public/app/tags/list', bearer(token))).status).toBe(200);
    expect((await ask('GET', '/v2/public/app/tags/list')).status).toBe(200);
    backend.take();
    const refused = await ask('GET', '/v2/team/app/tags/list', bearer(token));
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('scope="repository:team/app:pull",error="insufficient_scope"'),
    ]);
    expect(backend.take()).toEqual([]);
  });

  it('decides at every request: a right that is taken away is gone for the tokens that were given out', async () => {
    const token = await tokenFor('repository:team/app:pull', alice());
    expect((await ask('GET', '/v2/team/app/tags/list', bearer(token))).status).toBe(200);
    await writeFile(join(state.path, 'access.yml'), RULES.replace('team/**', 'other/**'));
    await gate.gate.reload();
    backend.take();
    expect((await ask('GET', '/v2/team/app/tags/list', bearer(token))).status).toBe(403);
    expect(backend.take()).toEqual([]);
  });

  it('opens by a token what it was asked for, and nothing else that its holder may', async () => {
    const token = bearer(await tokenFor('repository:team/app:pull', alice()));
    expect((await ask('GET', '/v2/team/app/tags/list', token)).status).toBe(200);
    backend.take();
    const asked: readonly (readonly [string, string, string])[] = [
      ['GET', '/v2/team/other/tags/list', 'repository:team/other:pull'],
      ['HEAD', '/v2/team/other/manifests/1', 'repository:team/other:pull'],
      ['POST', '/v2/team/app/blobs/uploads/', 'repository:team/app:pull,push'],
      ['GET', '/v2/_catalog', 'registry:catalog:*'],
    ];
    for (const [method, path, scope] of asked) {
      const { status, headers } = await ask(method, path, token);
      expect([path, status]).toEqual([path, 401]);
      expect(headers['www-authenticate']).toContain(`scope="${scope}",error="insufficient_scope"`);
      // What the challenge names is what a client asks for next.
      expect((await ask(method, path, bearer(await tokenFor(scope, alice())))).status).not.toBe(401);
    }
    expect((await ask('GET', '/v2/', bearer(await tokenFor('', alice())))).status).toBe(200);
  });

  it.each([
    ['no token', 'Bearer x'],
    ['an empty token', 'Bearer '],
    ['a token in two words', 'Bearer a b'],
    ['another scheme', 'Digest username="alice"'],
    ['a wrong password', basic('alice', 'wrong')],
  ])('refuses %s, and the backend sees nothing', async (_name, authorization) => {
    const { status, headers } = await ask('GET', '/v2/public/app/tags/list', { authorization });
    expect([status, String(headers['www-authenticate']).startsWith('Bearer realm=')]).toEqual([401, true]);
    expect(backend.take()).toEqual([]);
  });

  it('asks every client for a password where it is told to', async () => {
    await gate.close();
    await start(RULES, { config: { auth: { ...AUTH, challenge: 'basic' } } });
    expect((await ask('GET', '/v2/')).headers['www-authenticate']).toContain('Basic');
  });
});

describe('a machine', () => {
  beforeEach(() => start(RULES));

  it.each([
    ['by the rules for its name', [], '/v2/ci/app/tags/list', '/v2/team/app/tags/list'],
    [
      'by its own scope, whatever the rules say',
      ['--repository', 'team/app', '--allow', 'pull'],
      '/v2/team/app/tags/list',
      '/v2/ci/app/tags/list',
    ],
  ])('may do something %s', async (_name, scope, may, mayNot) => {
    const secret = await tokens('create', 'ci', ...scope);
    const password = { authorization: basic('ci', secret) };
    const names = ['team/app', 'ci/app'].map((name) => `repository:${name}:pull`);
    const token = bearer(await tokenFor(names.join('%20'), password));
    for (const headers of [password, token]) {
      expect((await ask('GET', may, headers)).status).toBe(200);
      expect((await ask('GET', mayNot, headers)).status).toBe(403);
    }
    const [{ id }] = JSON.parse(await tokens('list', '--json'));
    await tokens('revoke', id);
    for (const headers of [password, token]) expect((await ask('GET', may, headers)).status).toBe(401);
    await until(
      async () => gate.log.find((line) => line.includes('"user":"token:ci"')),
      () => 'the log does not name it',
    );
    expect(gate.log.join('\n')).not.toContain(secret.slice(4, 20));
  });

  it('is warned when its token ends soon', async () => {
    const secret = await tokens('create', 'ci', '--expires', '5d');
    const { headers } = await ask('GET', '/v2/ci/app/tags/list', { authorization: basic('ci', secret) });
    expect(headers['warning']).toMatch(/^299 - "token m-\w+ of ci ends in [45] days, on [\d-]+"$/);
    const other = await ask('GET', '/v2/team/app/tags/list', alice());
    expect(other.headers['warning']).toBeUndefined();
  });

  it('is refused elsewhere than in its networks, with a token that it got in them too', async () => {
    const { token, secret } = machineToken({ name: 'ci', networks: ['192.0.2.0/24'] });
    await writeFile(join(state.path, 'tokens.json'), JSON.stringify({ version: 1, tokens: [token] }));
    await gate.gate.reload();
    const { status } = await ask('GET', '/v2/ci/app/tags/list', { authorization: basic('ci', secret) });
    expect(status).toBe(401);
    expect(backend.take()).toEqual([]);
  });
});

describe('/token without its form', () => {
  beforeEach(() => start(RULES, { timeouts: { headerSeconds: 1 } }));

  it('does not wait for a form that does not come', async () => {
    const bytes = `POST /token HTTP/1.1\r\nHost: gate.test\r\nContent-Type: ${FORM['content-type']}\r\nContent-Length: 9\r\n\r\na=`;
    const { answers, end } = await sendRaw({ port: gate.port, ca: gate.ca, bytes });
    expect([answers[0]?.status, end]).toEqual([408, 'fin']);
  });
});

describe('/token', () => {
  beforeEach(() => start(RULES));

  it('reads a form, and waits for it where the client waits for 100 Continue', async () => {
    const body = `grant_type=password&username=alice&password=${encodeURIComponent(TEST_PASSWORD)}`;
    const answer = await ask('POST', '/token', FORM, body);
    expect([answer.status, answer.headers['cache-control'], answer.headers['content-type']]).toEqual([
      200,
      'no-store',
      'application/json; charset=utf-8',
    ]);
    const head = `POST /token HTTP/1.1\r\nHost: gate.test\r\nContent-Type: ${FORM['content-type']}\r\n`;
    const expecting = `${head}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const raw = await sendRaw({ port: gate.port, ca: gate.ca, bytes: expecting, answers: 1 });
    expect([raw.interim, raw.answers[0]?.status]).toEqual([[100], 200]);
  });

  it.each<[string, string, string, Record<string, string>, string, number]>([
    ['another method', 'PUT', '/token', {}, '', 405],
    ['another path', 'GET', '/token/', {}, '', 401],
    ['another spelling', 'GET', '/Token', {}, '', 401],
    ['JSON', 'POST', '/token', { 'content-type': 'application/json' }, '{}', 400],
    ['a form that is too large', 'POST', '/token', FORM, 'a'.repeat(65_537), 413],
    [
      'chunks that are too many',
      'POST',
      '/token',
      { ...FORM, 'transfer-encoding': 'chunked' },
      'a'.repeat(65_537),
      413,
    ],
    ['another service', 'GET', '/token?service=other', {}, '', 400],
    ['nobody who wants nothing', 'GET', '/token', {}, '', 401],
  ])('refuses %s', async (...[, method, path, headers, body, status]) => {
    expect((await ask(method, path, headers, body)).status).toBe(status);
    expect(backend.take()).toEqual([]);
  });

  it('gives docker login an identity token, which lives until the password changes', async () => {
    const login = '/token?account=alice&client_id=docker&offline_token=true&service=registry-gate';
    const { body } = await ask('GET', login, { ...alice(), 'user-agent': 'docker/27' });
    const secret: string = JSON.parse(body).refresh_token;
    const form = `grant_type=refresh_token&refresh_token=${secret}&scope=repository:team/app:pull`;
    const refreshed = await ask('POST', '/token', FORM, form);
    const { access_token: token } = JSON.parse(refreshed.body);
    expect((await ask('GET', '/v2/team/app/tags/list', bearer(token))).status).toBe(200);
    expect(await tokens('list')).toContain('device: docker at 127.0.0.1');
    const [{ id }] = JSON.parse(await tokens('list', '--json'));
    await tokens('revoke', id);
    expect((await ask('POST', '/token', FORM, form)).status).toBe(401);
    expect((await ask('GET', '/v2/team/app/tags/list', bearer(token))).status).toBe(401);
    expect(gate.log.join('\n')).not.toMatch(new RegExp(`${secret}|${token}|offline_token`));
  });
});

describeWith(['docker-registry'], 'a registry that checks tokens too', () => {
  it('serves the gate, knows who asks, and gives nothing to who goes around it', async () => {
    await tokensCertificate();
    const registry = await startCheckingRegistry(state.path);
    try {
      await start(RULES, { backend: registry.url, config: { auth: { ...AUTH, backendTokens: true } } });
      const upload = await ask('POST', '/v2/team/app/blobs/uploads/', alice());
      expect(upload.status).toBe(202);
      expect((await ask('DELETE', String(upload.headers['location']), alice())).status).toBe(204);
      expect((await ask('GET', '/v2/team/app/tags/list', alice())).status).toBe(404);
      expect((await ask('GET', '/v2/public/app/tags/list')).status).toBe(404);
      expect((await ask('GET', '/v2/_catalog', alice())).status).toBe(200);
      expect((await ask('GET', '/readyz')).status).toBe(200);
      expect((await fetch(`${registry.url}/v2/`)).status).toBe(401);
      expect(registry.log.join('\n')).toContain('auth.user.name=alice');
    } finally {
      await registry.close();
    }
  });

  it('is not begun with before its certificate is made', async () => {
    await start(undefined);
    const error = await errorOf(startGateAgain());
    expect([error.code, error.hint]).toEqual(['CERT_MISSING', expect.stringContaining('tokens certificate')]);
  });

  const startGateAgain = (): Promise<TestGate> =>
    startTestGate({
      backend: backend.url,
      config: { state: state.path, auth: { ...AUTH, backendTokens: true } },
    });

  async function tokensCertificate(): Promise<void> {
    const terminal = recordingTerminal();
    expect(await run(['tokens', 'certificate', '--state', state.path], terminal)).toBe(0);
  }
});

/** docker-registry with the configuration that is delivered for it. */
async function startCheckingRegistry(folder: string) {
  const sample = resolve(import.meta.dirname, '../../deploy/registry-2.yml');
  const env = {
    REGISTRY_HTTP_ADDR: '127.0.0.1:0',
    REGISTRY_HTTP_SECRET: 'of these tests',
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: join(folder, 'data'),
    REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE: join(folder, 'backend-token.crt'),
  };
  const daemon = startDaemon('docker-registry', ['serve', sample], { env });
  const [, port] = await daemon.line(/listening on 127\.0\.0\.1:(\d+)/);
  return { url: `http://127.0.0.1:${port}`, log: daemon.log, close: () => daemon.close() };
}
