import { readFileSync, watch } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateInventory } from '../../src/app/pages/gate-inventory.ts';
import { createLocalBus } from '../../src/cluster/local-bus.ts';
import { schema } from '../../src/config/schema/schema.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createLog } from '../../src/observe/access-log.ts';
import { certificatePaths, revocationListPath } from '../../src/pki/authority/cert-store.ts';
import { recordPath } from '../../src/pki/authority/record.ts';
import { run } from '../../src/cli/program.ts';
import { statePaths } from '../../src/auth/tokens/store/state-paths.ts';
import { firstUserFile } from '../../src/auth/users/first-user.ts';
import { temporaryFolder, until, type Folder } from '../support/programs.ts';
import { recordingTerminal } from '../support/terminal.ts';
import { openedSessions } from '../auth/sessions/support.ts';
import { basic } from '../support/test-gate.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/files.md'), 'utf8');
const [, TABLE = ''] = /\n## The certs directory\n([\s\S]*?)\n## /.exec(PAGE) ?? [];

/** The names in the first column, such as `ca.key`, `.NAME.lock` or `gate-XXXXXXXX.sock`. */
const NAMES = [...TABLE.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
);
const PLAIN = NAMES.filter((name) => !/NAME|X{4}/.test(name));

/** A name of the table as a pattern: NAME is any plain one, X a hexadecimal digit. */
function patternOf(name: string): RegExp {
  const literal = (text: string): string => text.replaceAll('.', String.raw`\.`);
  const source = literal(name)
    .replace('NAME', `(?:${PLAIN.map((plain) => literal(plain)).join('|')})`)
    .replace(/X{4,}/, ({ length }) => `[0-9a-f]{${length}}`);
  return new RegExp(`^${source}$`);
}

/** Every name that was in the directory at any time while a gate and the commands worked in it. */
const seen = new Set<string>();
let folder: Folder;

beforeAll(async () => {
  folder = await temporaryFolder('files');
  const certs = join(folder.path, 'certs');
  await mkdir(certs, { recursive: true });
  const watcher = watch(certs, (_event, name) => void (name !== null && seen.add(name)));
  try {
    await liveIn(certs);
    // Watching tells in its own time.
    await until(
      () => (seen.has('backend-token.crt') ? true : undefined),
      () => `seen: ${[...seen].join(', ')}`,
    );
  } finally {
    watcher.close();
  }
});
afterAll(() => folder.close());

/** A first start, what users do, and each command that writes. */
async function liveIn(certs: string): Promise<void> {
  const terminal = recordingTerminal();
  const data = join(folder.path, 'data');
  const where = ['--listen', '127.0.0.1:0', '--certs', certs, '--data', data, '--host', 'registry.lan'];
  const running = run(['up', ...where], terminal);
  await until(
    () => (terminal.stderr().includes('Ctrl-C stops it') ? true : undefined),
    () => `it does not serve: ${terminal.stderr()}`,
  );
  const [, port = ''] = /"port":(\d+)/.exec(terminal.stdout()) ?? /:(\d+)/.exec(terminal.stderr()) ?? [];
  const password = (await readFile(join(certs, 'first-password.txt'), 'utf8')).trim();
  const ca = await readFile(certificatePaths(certs).authorityCertificate, 'utf8');
  const offline = '/token?service=registry-gate&client_id=docker&offline_token=true';
  expect(await statusOf(Number(port), ca, offline, basic('admin', password))).toBe(200);
  const secret = await command(['tokens', 'create', 'ci', '--certs', certs]);
  await until(
    async () => ((await statusOf(Number(port), ca, '/v2/', basic('ci', secret))) === 200 ? true : undefined),
    () => 'the new token is not taken',
  );
  terminal.signal('SIGINT');
  expect(await running).toBe(0);
  await command(['certs', 'renew', '--force', '--certs', certs]);
  await command(['certs', 'issue', '--host', 'db.lan', '--certs', certs]);
  await command(['certs', 'revoke', join(certs, 'issued', 'db.lan.crt'), '--certs', certs]);
  for (const step of ['start', 'switch']) await command(['certs', 'rollover', step, '--certs', certs]);
  await command(['users', 'add', 'bob', '--password-stdin', '--certs', certs], 'S3cret-of-bob\n');
  await signInByBrowser(certs);
  await lookAtPages(certs);
  await command(['tokens', 'certificate', '--certs', certs]);
}

async function signInByBrowser(certs: string): Promise<void> {
  const directory = { credentialVersion: () => 'hash of bob', groups: () => [] };
  const { sessions } = await openedSessions(certs, { now: Date.now }, directory);
  const bob = { name: 'bob', version: 'hash of bob' };
  const secret = await sessions.begin(bob, { agent: 'Firefox', address: '127.0.0.1' });
  await sessions.use(secret.reveal());
  await sessions.close();
}

/** What the first look at a page makes, whether the registry answers or not. */
async function lookAtPages(state: string): Promise<void> {
  const door = {
    name: 'registry',
    socketPath: join(folder.path, 'none.sock'),
    user: '',
    password: new Secret(''),
  };
  const logger = createLog({ level: 'error', destination: { write: () => undefined } });
  const { backend } = schema.parse({});
  const opened = openGateInventory({
    config: { backend, state },
    bus: createLocalBus().bus,
    door,
    logger,
  });
  await opened.refresh('team/app', undefined, 600_000);
  await opened.close();
}

async function command(argv: readonly string[], stdin = ''): Promise<string> {
  const terminal = recordingTerminal({ stdin });
  const status = await run(argv, terminal);
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${terminal.stderr()}`);
  return terminal.stdout().trim();
}

function statusOf(port: number, ca: string, path: string, authorization: string): Promise<number> {
  return new Promise((done, fail) => {
    const place = { host: '127.0.0.1', servername: 'registry.lan', port, ca, agent: false };
    request({ ...place, path, headers: { authorization, host: 'registry.lan' } }, (answer) => {
      answer.resume().once('end', () => done(answer.statusCode ?? 0));
    })
      .once('error', fail)
      .end();
  });
}

describe('the table of the certs directory', () => {
  it('has every file that the program names', () => {
    const paths = [
      ...Object.values(certificatePaths('/certs')),
      ...Object.values(statePaths('/certs')),
      firstUserFile('/certs'),
      revocationListPath('/certs'),
      recordPath('/certs'),
    ];
    const names = paths
      .filter((path): path is string => typeof path === 'string')
      .map((path) => path.replace('/certs/', ''));
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !NAMES.includes(name))).toEqual([]);
  });

  it('has every file that a gate and the commands write there', () => {
    const patterns = NAMES.map(patternOf);
    expect([...seen].filter((name) => !patterns.some((pattern) => pattern.test(name)))).toEqual([]);
  });

  it('has no file that is not written', () => {
    // What breaks a stale lock is there for an instant, where a lock is stale.
    const rows = NAMES.filter((name) => name !== '.NAME.lock.break');
    expect(rows.filter((name) => ![...seen].some((file) => patternOf(name).test(file)))).toEqual([]);
  });
});
