import { readdir, stat, writeFile } from 'node:fs/promises';
import { request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { schema } from '../../src/config/schema/schema.ts';
import { makeSecret } from '../../src/auth/tokens/store/secret-text.ts';
import { temporaryFolder, type Folder } from '../support/programs.ts';
import { sendRaw } from '../support/raw-client.ts';
import { startRecordingBackend, type RecordingBackend } from '../support/recording-backend.ts';
import { basic, startTestGate, type TestGate } from '../support/test-gate.ts';

/** The address of another client, as the gate sees it. */
const ATTACKER = '127.0.0.66';
const OFFICE = '127.0.0.1';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly authorization?: string;
  readonly from?: string;
  readonly form?: Readonly<Record<string, string>>;
}

const LIMIT = 5;
const { abuse: ABUSE } = schema.parse({});

let folder: Folder;
let backend: RecordingBackend;
let gate: TestGate;

beforeEach(async () => {
  folder = await temporaryFolder('guess');
  backend = await startRecordingBackend();
  const users = ['alice', 'bob'].map(async (name) => `${name}:${await bcrypt.hash(`right of ${name}`, 4)}\n`);
  await writeFile(join(folder.path, 'users'), (await Promise.all(users)).join(''), { mode: 0o600 });
  gate = await startTestGate({
    backend: backend.url,
    // Fewer than by default: the answers to the last of ten take seconds.
    config: {
      users: join(folder.path, 'users'),
      state: folder.path,
      abuse: { ...ABUSE, wrongPasswords: LIMIT },
    },
  });
});

afterEach(async () => {
  await gate.close();
  await backend.close();
  await folder.close();
});

function ask({ method = 'GET', path = '/v2/', authorization, from = OFFICE, form }: Ask): Promise<Answer> {
  const options: RequestOptions = {
    host: '127.0.0.1',
    port: gate.port,
    ca: gate.ca,
    agent: false,
    localAddress: from,
    method,
    path,
    headers: {
      ...(authorization === undefined ? {} : { authorization }),
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
  };
  return new Promise((resolve, reject) => {
    const sent = request(options, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(form === undefined ? undefined : new URLSearchParams(form).toString());
  });
}

/** The statuses of these passwords, one after the other. */
async function guesses(user: string, passwords: readonly string[], from = OFFICE): Promise<number[]> {
  const statuses: number[] = [];
  for (const password of passwords)
    statuses.push((await ask({ authorization: basic(user, password), from })).status);
  return statuses;
}

function many(count: number, name = 'guess'): string[] {
  return Array.from({ length: count }, (_none, at) => `${name} ${at}`);
}

/** Lines of the log with this message. */
function logged(message: string): Record<string, unknown>[] {
  return gate.log
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter(({ msg }) => msg === message);
}

const BLOCKED = 'password guessing blocked';

describe('guessing the password of a user', () => {
  it('R87, R95: ends after so many different ones with 429, a reason, a cure, and one line in the log', async () => {
    const wrong = await guesses('alice', many(LIMIT));
    expect(wrong).toEqual(wrong.map(() => 401));
    const answer = await ask({ authorization: basic('alice', 'guess more') });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(20);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    const [error] = JSON.parse(answer.body).errors;
    expect(error).toMatchObject({ code: 'TOOMANYREQUESTS' });
    expect(error.message).toMatch(/^Too many different wrong passwords .* registry-gate abuse unlock$/);
    await guesses('alice', many(5, 'more'));
    expect(logged(BLOCKED)).toMatchObject([
      { by: 'user-and-network', address: OFFICE, user: 'alice', failures: LIMIT, seconds: 30 },
    ]);
    expect(backend.accepted()).toBe(0);
  });

  it('R84: looks the same for a name that nobody has, which is not logged: it may be a password', async () => {
    const known = await guesses('alice', many(LIMIT + 2));
    const unknown = await guesses('Pa55word', many(LIMIT + 2), ATTACKER);
    expect(unknown).toEqual(known);
    expect(logged(BLOCKED).map(({ user }) => user)).toEqual(['alice', undefined]);
    expect(gate.log.join('\n')).not.toContain('Pa55word');
  });

  it('is the same thing at /token, by GET, by POST and in turn', async () => {
    const token = (at: number): Ask =>
      at % 2 === 0
        ? { path: '/token?service=registry-gate', authorization: basic('alice', `t ${at}`) }
        : {
            method: 'POST',
            path: '/token',
            form: {
              grant_type: 'password',
              service: 'registry-gate',
              client_id: 'test',
              username: 'alice',
              password: `t ${at}`,
            },
          };
    for (let at = 0; at < LIMIT; at += 1) expect((await ask(token(at))).status).toBe(401);
    for (const at of [LIMIT, LIMIT + 1]) {
      const answer = await ask(token(at));
      expect(answer.status).toBe(429);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(20);
      expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
    }
    expect((await ask({ authorization: basic('alice', 'and here') })).status).toBe(429);
    expect(logged('request').map(({ error }) => error)).toContain('TOOMANYREQUESTS');
  });

  it('R122: counts a thousand that come at once as those that were tried', async () => {
    const requests = many(1000).map(
      (password) => `GET /v2/ HTTP/1.1\r\nHost: gate\r\nAuthorization: ${basic('alice', password)}\r\n\r\n`,
    );
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_none, at) =>
        sendRaw({
          port: gate.port,
          ca: gate.ca,
          bytes: requests.slice(at * 100, at * 100 + 100).join(''),
          answers: 100,
        }),
      ),
    );
    const statuses = outcomes.flatMap(({ answers }) => answers.map(({ status }) => status));
    expect(statuses.filter((status) => status === 401)).toHaveLength(LIMIT);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1000 - LIMIT);
    expect(backend.accepted()).toBe(0);
  });
});

describe('what clients do by themselves is no guessing', () => {
  it.each([
    { name: 'containerd: one try and five more', asks: Array.from({ length: 6 }, () => 'GET') },
    { name: 'docker: HEAD, then GET', asks: ['HEAD', 'GET'] },
  ])('$name, with a typo, ten times over', async ({ asks }) => {
    for (let round = 0; round < 10; round += 1)
      for (const method of asks) {
        const authorization = basic('alice', 'typo');
        expect((await ask({ method, path: '/v2/a/manifests/1', authorization })).status).toBe(401);
      }
    expect(await guesses('alice', ['right of alice'])).toEqual([200]);
  });

  it('containerd at /token: POST, then GET, with a typo', async () => {
    const form = {
      grant_type: 'password',
      service: 'registry-gate',
      client_id: 'containerd-client',
      username: 'alice',
      password: 'typo',
    };
    for (let round = 0; round < 10; round += 1) {
      expect((await ask({ method: 'POST', path: '/token', form })).status).toBe(401);
      const path = '/token?service=registry-gate&account=alice';
      expect((await ask({ path, authorization: basic('alice', 'typo') })).status).toBe(401);
    }
    expect(await guesses('alice', ['right of alice'])).toEqual([200]);
  });

  it('strangers, empty credentials, and thirty good logins at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      expect((await ask({})).status).toBe(401);
      expect((await ask({ authorization: 'Basic Og==' })).status).toBe(401);
    }
    const pulls = await Promise.all(
      Array.from({ length: 30 }, () => ask({ authorization: basic('alice', 'right of alice') })),
    );
    expect(pulls.map(({ status }) => status)).toEqual(pulls.map(() => 200));
    expect(logged(BLOCKED)).toEqual([]);
  });
});

describe('R87: nobody is locked out by others', () => {
  const spray = async (from: string): Promise<void> => {
    expect((await guesses('alice', many(LIMIT + 2, 'spray'), from)).at(-1)).toBe(429);
  };

  it('alice, at home, while her name is guessed at elsewhere', async () => {
    await spray(ATTACKER);
    expect(await guesses('alice', ['right of alice'])).toEqual([200]);
  });

  it('alice behind the same address as who guesses at her name, with what she has signed in with before', async () => {
    expect(await guesses('alice', ['right of alice'])).toEqual([200]);
    await spray(OFFICE);
    expect(await guesses('alice', ['right of alice'])).toEqual([200]);
    const path = '/token?service=registry-gate&account=alice';
    expect((await ask({ path, authorization: basic('alice', 'right of alice') })).status).toBe(200);
  });

  it('bob behind the same address', async () => {
    await spray(OFFICE);
    expect(await guesses('bob', ['right of bob'])).toEqual([200]);
  });
});

describe('tokens', () => {
  it('that are none end with 429 where they could be guessed, without harm to passwords and good tokens', async () => {
    const path = '/token?service=registry-gate&account=alice';
    const authorization = basic('alice', 'right of alice');
    const { token } = JSON.parse((await ask({ path, authorization })).body);
    const statuses: number[] = [];
    for (let at = 0; at < 102; at += 1) {
      const secret = makeSecret('machine').secret.reveal();
      statuses.push((await ask({ authorization: basic('ci', secret) })).status);
    }
    expect([statuses[99], statuses[100], statuses[101]]).toEqual([401, 429, 429]);
    expect(logged(BLOCKED)).toMatchObject([{ by: 'tokens', address: OFFICE, failures: 100 }]);
    expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200);
    expect(await guesses('bob', ['right of bob'])).toEqual([200]);
    // A client with an expired token must learn that, and get another one.
    expect((await ask({ authorization: 'Bearer forged.forged.forged' })).status).toBe(401);
  });
});

describe('the socket of the gate', () => {
  it('is for its owner alone', async () => {
    const [name = ''] = (await readdir(folder.path)).filter((file) => file.endsWith('.sock'));
    expect((await stat(join(folder.path, name))).mode & 0o777).toBe(0o600);
  });
});
