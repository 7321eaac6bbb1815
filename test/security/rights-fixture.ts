import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bcrypt from 'bcrypt';
import { afterAll, beforeAll } from 'vitest';
import { schema, type Config } from '../../src/config/schema/schema.ts';
import { parseRegistryRequest } from '../../src/oci/request/parse.ts';
import { neededAccess, renderScopes, type Access } from '../../src/oci/request/scope.ts';
import { sendRaw, type RawAnswer } from '../support/raw-client.ts';
import { TEST_PASSWORD, TEST_USER, basic, type TestGate } from '../support/test-gate.ts';
import { headerOf, type WireRequest } from '../support/wire.ts';
import { machineToken } from '../auth/tokens/support.ts';
import { HOST } from './cases/hostile-case.ts';
import { useCaseFixture, type CaseFixture } from './run-cases.ts';

/** The password of every user in a test about rights, so that one can sign in as each of them. */
export const PASSWORD = TEST_PASSWORD;
/** What the fixture needs for itself: alice asks for these to see that all before them has arrived. */
export const FIXTURE_RULE = `{ who: ${TEST_USER}, repositories: [barrier, canary], allow: pull }`;

const NAMES =
  'x team/app team/a public/a public/app mine/app twin/a shared/a of-user/a of-machine/a of-group/a other/app';
const WIDE_SCOPE = [
  'registry:catalog:*',
  ...NAMES.split(' ').map((name) => `repository:${name}:pull,push,delete`),
].join('%20');

/** What a client asks a token for that wants to send this request: `GET /v2/x/tags/list`. */
export function scopeFor(line: string): string {
  return accessFor(line).length === 0
    ? 'repository:x:pull'
    : renderScopes(accessFor(line)).replaceAll(' ', '%20');
}

/** The same as a list; empty for what is no request to a repository. */
export function accessFor(line: string): readonly Access[] {
  const [method = '', target = ''] = line.split(' ');
  const outcome = parseRegistryRequest(method, target);
  return outcome.kind === 'request' ? neededAccess(outcome.request) : [];
}

export interface RightsOptions {
  /** The text of the access file; `FIXTURE_RULE` has to be one of its rules. */
  readonly rules: string;
  /** Beside alice. */
  readonly users?: readonly string[];
  readonly machines?: readonly Parameters<typeof machineToken>[0][];
  readonly auth?: Partial<Config['auth']>;
}

export interface RightsFixture extends CaseFixture {
  /** State, rules and users stand here. */
  readonly folder: string;
  /** The secrets of the machines, in their order. */
  readonly secrets: readonly string[];
  /** Sends one request and returns its answer. `as` is the value of `Authorization`; anonymous without it. */
  ask(line: string, as?: string, more?: Sent): Promise<RawAnswer>;
  /** Returns an access token as a value of `Authorization`; without a scope, for all repositories of the tests. */
  bearer(as: string | undefined, scope?: string): Promise<string>;
  /** Writes the rules and puts them into force. Throws where they are refused. */
  enforce(rules: string): Promise<void>;
  /** What reached the backend since the last call, whole requests alone. Throws where there is anything else. */
  seen(): Promise<readonly WireRequest[]>;
}

export interface Sent {
  readonly fields?: readonly string[];
  readonly body?: string;
  /** Default: localhost. */
  readonly host?: string;
}

/** A gate with rules in front of a recording backend, for one test file. */
export function useRights(options: RightsOptions): () => RightsFixture {
  const folder = join(tmpdir(), `gate-rights-${randomBytes(6).toString('hex')}`);
  const machines = (options.machines ?? []).map((more) => machineToken(more));
  const paths = { users: join(folder, 'htpasswd'), access: join(folder, 'access.yml') };
  beforeAll(async () => {
    await mkdir(folder);
    await writeFile(paths.access, options.rules);
    await writeUsers(folder, [TEST_USER, ...(options.users ?? [])]);
    const tokens = machines.map(({ token }) => token);
    await writeFile(join(folder, 'tokens.json'), JSON.stringify({ version: 1, tokens }), { mode: 0o600 });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const auth = { ...schema.parse({}).auth, ...options.auth };
  const fixture = useCaseFixture({ config: { ...paths, state: folder, auth } });
  return () =>
    createRights(
      fixture(),
      folder,
      machines.map(({ secret }) => secret),
    );
}

/** A users file in which everybody has the same password, and the cheapest hash of it that there is. */
export async function writeUsers(folder: string, users: readonly string[]): Promise<void> {
  const lines = users.map(async (user) => `${user}:${await bcrypt.hash(PASSWORD, 4)}\n`);
  await writeFile(join(folder, 'htpasswd'), (await Promise.all(lines)).join(''), { mode: 0o600 });
}

/** Sends one request to a gate and returns its answer. `as` is the value of `Authorization`; anonymous without it. */
export async function askGate(
  { port, ca }: Pick<TestGate, 'port' | 'ca'>,
  line: string,
  as?: string,
  { fields = [], body = '', host }: Sent = {},
): Promise<RawAnswer> {
  const isChunked = fields.some((field) => /^transfer-/i.test(field));
  const all = [
    host === undefined ? HOST : `Host: ${host}`,
    'Connection: close',
    ...(as === undefined ? [] : [`Authorization: ${as}`]),
    ...(body === '' || isChunked ? [] : [`Content-Length: ${body.length}`]),
    ...fields,
  ];
  const bytes = `${line} HTTP/1.1\r\n${all.map((field) => `${field}\r\n`).join('')}\r\n${body}`;
  const outcome = await sendRaw({ port, ca, bytes, methods: [line.split(' ', 1)[0] ?? ''] });
  const [answer] = outcome.answers;
  if (answer === undefined || outcome.answers.length > 1 || outcome.rest !== '')
    throw new Error(`not one answer to ${line}: ${outcome.bytes.toString('latin1')}`);
  return answer;
}

function createRights(fixture: CaseFixture, folder: string, secrets: readonly string[]): RightsFixture {
  const ask: RightsFixture['ask'] = (line, as, more) => askGate(fixture.gate, line, as, more);
  return {
    ...fixture,
    folder,
    secrets,
    ask,
    bearer: async (as, scope = WIDE_SCOPE) => {
      const { status, body } = await ask(`GET /token?scope=${scope}`, as);
      if (status !== 200) throw new Error(`no token: ${status} ${body}`);
      return `Bearer ${String(JSON.parse(body).token)}`;
    },
    enforce: async (rules) => {
      const before = fixture.gate.log.length;
      // In one step: the gate looks at the file by itself too.
      await writeFile(join(folder, 'next.yml'), rules);
      await rename(join(folder, 'next.yml'), join(folder, 'access.yml'));
      await fixture.gate.gate.reload();
      const refused = fixture.gate.log
        .slice(before)
        .find((line) => line.includes('access rules not reloaded'));
      if (refused !== undefined) throw new Error(refused);
    },
    seen: async () => {
      const recorded = await fixture.wire();
      const odd = recorded.find(({ rest, malformed }) => rest !== '' || malformed !== undefined);
      if (odd !== undefined) throw new Error(`at the backend: ${odd.bytes.toString('latin1')}`);
      // The gate may look by itself whether its registry is there.
      const isProbe = (request: WireRequest): boolean => headerOf(request, 'x-request-id') === undefined;
      return recorded.flatMap(({ requests }) => requests).filter((request) => !isProbe(request));
    },
  };
}

/** Everything in an answer that a client can compare, without what it said itself: `names` are rubbed out. */
export function shapeOf(answer: RawAnswer, ...names: readonly string[]): unknown {
  const plain = (text: string): string => names.reduce((rest, name) => rest.replaceAll(name, 'NAME'), text);
  const skipped = new Set(['date', 'content-length']);
  const headers = answer.headers.filter(([name]) => !skipped.has(name));
  return {
    status: answer.status,
    headers: headers.map(([name, value]) => `${name}: ${plain(value)}`),
    body: plain(answer.body).replace(/"request":"[^"]*"/, ''),
  };
}

export const as = (user: string): string => basic(user, PASSWORD);
