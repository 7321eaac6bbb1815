import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { startTestGate, TEST_PASSWORD, TEST_USER, type TestGate } from '../../support/test-gate.ts';
import { recordingTerminal, type RecordingTerminalOptions } from '../../support/terminal.ts';

const SCHEMA = resolve(import.meta.dirname, '../../../docs/doctor.schema.json');

let open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

interface Stage {
  readonly gate: TestGate;
  readonly folder: Folder;
  readonly registry: string;
}

/** A gate with the registry inside it, and nobody else's settings. */
async function openStage(): Promise<Stage> {
  const folder = await temporaryFolder('doctor');
  open.push(folder);
  const data = join(folder.path, 'data');
  const gate = await startTestGate({
    backend: 'http://127.0.0.1:1',
    config: { backend: { kind: 'embedded', directory: data } },
  });
  open.push(gate);
  return { gate, folder, registry: `localhost:${gate.port}` };
}

interface Row {
  readonly id: string;
  readonly verdict: string;
  readonly why: string;
  readonly cure?: string;
}

interface Seen {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  readonly rows: () => readonly Row[];
  readonly verdicts: () => Readonly<Record<string, string>>;
}

async function doctor(args: readonly string[], more: RecordingTerminalOptions = {}): Promise<Seen> {
  const env = { PATH: '/usr/bin', HOME: '/nowhere', XDG_CONFIG_HOME: '/nowhere', ...more.env };
  const terminal = recordingTerminal({ ...more, env });
  const status = await run(['doctor', ...args], terminal);
  const rows = (): readonly Row[] => (JSON.parse(terminal.stdout()) as { readonly checks: Row[] }).checks;
  const verdicts = () => Object.fromEntries(rows().map(({ id, verdict }) => [id, verdict]));
  return { status, out: terminal.stdout(), err: terminal.stderr(), rows, verdicts };
}

const SIGNED_IN = ['--user', TEST_USER, '--password-stdin'];
const PASSWORD = { stdin: TEST_PASSWORD };

describe('doctor', () => {
  it.each([
    ['looks at the one in ./data', 'data/docker/registry', 'embedded:./data answers'],
    ['looks at that of serve where up has made none', 'data', 'http://127.0.0.1:5000'],
  ])('on a server without a configured registry: %s', async (_name, made, expected) => {
    const folder = await temporaryFolder('doctor');
    open.push(folder);
    await mkdir(join(folder.path, made), { recursive: true });
    const before = process.cwd();
    process.chdir(folder.path);
    try {
      const { rows } = await doctor(['--certs', 'certs', '--json']);
      expect(rows().find(({ id }) => id === 'backend')?.why).toContain(expected);
    } finally {
      process.chdir(before);
    }
  });

  it('on a client: finds the CA missing, then all well once it is named', async () => {
    const { gate, registry } = await openStage();
    const before = await doctor([registry, '--client', 'podman', '--json']);
    expect(before.status).toBe(1);
    expect(before.verdicts()).toMatchObject({
      answer: 'fine',
      chain: 'fine',
      names: 'fine',
      'sign-in': 'skipped',
    });
    const trust = before.rows().find(({ id }) => id === 'trust.podman');
    expect(trust).toMatchObject({ verdict: 'wrong' });
    expect(trust?.cure).toMatch(
      new RegExp(
        `^registry-gate certs trust --for podman ${registry} --from https://${registry} --fingerprint [0-9a-f]{64}$`,
      ),
    );
    const ca = join(gate.certs, 'ca.crt');
    const env = { SSL_CERT_FILE: ca };
    const after = await doctor([registry, '--client', 'podman', '--json', ...SIGNED_IN], {
      ...PASSWORD,
      env,
    });
    expect(after.verdicts()).toMatchObject({
      'trust.podman': 'fine',
      'sign-in': 'fine',
      push: 'fine',
      pull: 'fine',
      removal: 'fine',
    });
    expect(after.status).toBe(0);
  });

  it('leaves no image behind', async () => {
    const { gate, folder, registry } = await openStage();
    const env = { SSL_CERT_FILE: join(gate.certs, 'ca.crt') };
    const args = [registry, '--client', 'system', '--json', ...SIGNED_IN, '--push', 'team/probe'];
    expect((await doctor(args, { ...PASSWORD, env })).verdicts()).toMatchObject({ removal: 'fine' });
    const repository = join(folder.path, 'data/docker/registry/v2/repositories/team/probe');
    for (const name of ['_layers/sha256', '_manifests/tags', '_manifests/revisions/sha256']) {
      expect({ name, left: await readdir(join(repository, name)).catch(() => []) }).toEqual({
        name,
        left: [],
      });
    }
  });

  it('sends no password where the CA is not trusted', async () => {
    const { gate, registry } = await openStage();
    const seen = await doctor([registry, '--client', 'podman', '--json', ...SIGNED_IN], PASSWORD);
    expect(seen.rows().find(({ id }) => id === 'sign-in')).toMatchObject({
      verdict: 'skipped',
      why: 'not before the CA of the server is trusted',
    });
    expect(gate.log.filter((line) => /"\/v2\/"|password/.test(line) && line.includes(TEST_USER))).toEqual([]);
  });

  it('finds a wrong password', async () => {
    const { gate, registry } = await openStage();
    const env = { SSL_CERT_FILE: join(gate.certs, 'ca.crt') };
    const args = [registry, '--client', 'system', '--json', ...SIGNED_IN];
    const seen = await doctor(args, { stdin: 'wrong', env });
    expect(seen.rows().find(({ id }) => id === 'sign-in')).toMatchObject({
      verdict: 'wrong',
      cure: `docker login -u ${TEST_USER} ${registry}`,
    });
    expect(seen.out).not.toContain(TEST_PASSWORD);
  });

  it('on the server: prints one line for each check, and the cure below', async () => {
    const { gate, folder } = await openStage();
    const args = ['--certs', gate.certs, '--listen', `127.0.0.1:${gate.port}`];
    const backend = ['--backend', `embedded:${join(folder.path, 'data')}`];
    const seen = await doctor([...args, ...backend, '--client', 'podman']);
    expect(seen.out).toMatch(/^✓ Node\.js: v/);
    expect(seen.out).toMatch(/^✓ port 127\.0\.0\.1:\d+: the gate answers$/m);
    expect(seen.out).toMatch(
      /^✗ trust of podman: .*\n {4}registry-gate certs trust --certs \S+ --for podman \S+:\d+$/m,
    );
    expect(seen.err).toMatch(/^\d+ of \d+ checks failed\.\n$/);
    expect(seen.status).toBe(1);
  });

  it('on the server: finds what keeps the gate from starting', async () => {
    const folder = await temporaryFolder('doctor');
    open.push(folder);
    const certs = join(folder.path, 'certs');
    await mkdir(certs);
    const seen = await doctor(['--certs', certs, '--listen', '127.0.0.1:1', '--json']);
    expect(seen.verdicts()).toMatchObject({
      expiry: 'wrong',
      users: 'wrong',
      backend: 'wrong',
      listen: 'wrong',
    });
    for (const { verdict, cure } of seen.rows()) {
      expect({ verdict, hasCure: cure !== undefined }).toEqual({ verdict, hasCure: verdict === 'wrong' });
    }
  });

  it('--fix closes what is open, and leaves the rest', async () => {
    const folder = await temporaryFolder('doctor');
    open.push(folder);
    const certs = join(folder.path, 'certs');
    await run(['certs', 'init', '--host', 'localhost', '--certs', certs], recordingTerminal());
    await writeFile(join(certs, 'htpasswd'), 'alice:$2b$04$', { mode: 0o644 });
    await chmod(join(certs, 'domain.key'), 0o644);
    const args = ['--certs', certs, '--listen', '127.0.0.1:1', '--json', '--fix', '--client', 'system'];
    const seen = await doctor(args);
    expect(seen.err).toContain('Fixed: permissions.');
    expect(seen.verdicts()).toMatchObject({ permissions: 'fine', users: 'wrong' });
    for (const name of ['htpasswd', 'domain.key'])
      expect((await stat(join(certs, name))).mode & 0o777).toBe(0o600);
  });

  it('takes a mistake in the configuration for a finding', async () => {
    const seen = await doctor(['--json'], { env: { REGISTRY_GATE_LISTEN: 'nowhere' } });
    expect(seen.rows()).toMatchObject([{ id: 'configuration', verdict: 'wrong' }]);
    expect(seen.status).toBe(1);
  });

  it.each([
    [['registry.lan', '--client', 'lynx'], /is not a client that this command knows/],
    [['registry.lan', '--push', 'Team'], /not the name of an image/],
    [['registry.lan', '--password-stdin'], /--password-stdin needs a name/],
    [['a', 'b'], /too many arguments|a single|accepts/i],
  ])('refuses %j', async (args, expected) => {
    const seen = await doctor(args);
    expect(seen.err).toMatch(expected);
    expect(seen.status).toBe(2);
  });

  it('prints JSON with the members of the schema', async () => {
    const schema = JSON.parse(await readFile(SCHEMA, 'utf8')) as {
      readonly required: readonly string[];
      readonly properties: { readonly checks: { readonly items: { readonly properties: object } } };
    };
    const seen = await doctor(['nobody.invalid', '--json']);
    const report = JSON.parse(seen.out) as { readonly checks: readonly object[] };
    expect(Object.keys(report)).toEqual(expect.arrayContaining([...schema.required]));
    const known = Object.keys(schema.properties.checks.items.properties);
    const unknown = report.checks
      .flatMap((check) => Object.keys(check))
      .filter((name) => !known.includes(name));
    expect(unknown).toEqual([]);
  });
});
