import { once } from 'node:events';
import { chmod, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initCertificates } from '../../../src/pki/authority/init-certificates.ts';
import { run } from '../../../src/cli/program.ts';
import { createHash } from '../../../src/auth/passwords/password-hash.ts';
import { recordingTerminal } from '../../support/terminal.ts';

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let root: string;
let good: string;
let next = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gate-config-'));
  good = join(root, 'good');
  await initCertificates({ directory: good, hosts: ['localhost'], now: new Date() });
  await writeFile(join(good, 'htpasswd'), `jane:${(await createHash('secret')).text}\n`, { mode: 0o600 });
});

afterAll(async () => rm(root, { recursive: true, force: true }));

/** A copy of a certs directory in which all is well. */
async function certsDirectory(): Promise<string> {
  const directory = join(root, `certs-${next++}`);
  await cp(good, directory, { recursive: true });
  return directory;
}

async function gate(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
  const terminal = recordingTerminal({ env });
  const code = await run(argv, terminal);
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() };
}

async function configFile(text: string): Promise<string> {
  const path = join(root, `gate-${next++}.yml`);
  await writeFile(path, text);
  return path;
}

describe('config check', () => {
  it('says that all is well, and writes nothing', async () => {
    const certs = await certsDirectory();
    const before = await readdir(certs);
    const result = await gate(['config', 'check', '--certs', certs]);
    expect(result).toMatchObject({ code: 0, stdout: '' });
    expect(result.stderr.split('\n')).toEqual([
      'The configuration is fine.',
      'Checked: options, certificate, users.',
      `Not checked: the registry http://127.0.0.1:5000. To check it: registry-gate config check --certs ${certs} --connect`,
      'That registry is the default of serve. up and npm start use the embedded one, embedded:./data, unless --backend is given.',
      '',
    ]);
    expect(await readdir(certs)).toEqual(before);
  });

  it('reports every problem of the options, by path and place', async () => {
    const config = await configFile('listen: nowhere\ncolour: red\n');
    const result = await gate(['config', 'check', '--config', config, '--backend', 'http://u:hunter2@r'], {
      REGISTRY_GATE_RENEW: 'perhaps',
    });
    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'registry-gate: error[CONFIG_INVALID]: The configuration has 4 problems:',
        `  colour: is unknown (${config}:2)`,
        `  listen[0]: must be HOST:PORT, [IPV6]:PORT, :PORT or PORT, like 0.0.0.0:443 (${config}:1)`,
        '  backend: must not hold credentials: give them as backendUser and backendPassword (--backend)',
        '  renew: must be true or false, not "perhaps" (REGISTRY_GATE_RENEW)',
        `  Correct this, then check again: registry-gate config check --config ${config}`,
        '',
      ].join('\n'),
    });
  });

  it('reports the certificate and the users at once', async () => {
    const certs = join(root, 'none');
    const { code, stderr } = await gate(['config', 'check', '--certs', certs]);
    expect(code).toBe(1);
    expect(stderr).toContain(join(certs, 'domain.crt'));
    expect(stderr).toContain(join(certs, 'htpasswd'));
    expect(stderr).toContain('registry-gate certs init');
    expect(stderr).toContain('registry-gate users add');
    expect(stderr).not.toContain('fine');
  });

  it('warns of what works today', async () => {
    const certs = await certsDirectory();
    await chmod(join(certs, 'domain.key'), 0o644);
    const { code, stderr } = await gate(['config', 'check', '--certs', certs]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: .*domain\.key.*\nThe configuration is fine\.\n/);
  });

  it('warns of a registry that others reach around the gate', async () => {
    const registry = createServer().listen(0, '0.0.0.0');
    await once(registry, 'listening');
    const { port } = registry.address() as AddressInfo;
    const backend = ['--backend', `http://127.0.0.1:${port}`];
    const { code, stderr } = await gate(['config', 'check', '--certs', await certsDirectory(), ...backend]);
    registry.close();
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: the registry on port \d+ listens on every address .*\n.*fine\.\n/);
  });

  it('asks the registry with --connect', async () => {
    const asked: (string | undefined)[] = [];
    const registry = createHttpServer((req, res) => {
      asked.push(req.url);
      res.writeHead(asked.length === 1 ? 200 : 503).end('{}');
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    const url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const flags = ['--certs', await certsDirectory(), '--backend', url];
    const silent = await gate(['config', 'check', ...flags]);
    expect(silent.stderr).toContain(`Not checked: the registry ${url}.`);
    expect(asked).toEqual([]);
    const good = await gate(['config', 'check', '--connect', ...flags]);
    expect(good).toMatchObject({ code: 0 });
    expect(good.stderr).toContain(
      `Checked: options, certificate, users, and the registry ${url}, which answers.`,
    );
    expect(good.stderr).not.toContain('Not checked');
    expect(asked).toEqual(['/v2/']);
    const bad = await gate(['config', 'check', '--connect', ...flags]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/error\[BACKEND_UNREACHABLE\]: http.*--backend.*503/);
    await new Promise((resolve) => registry.close(resolve));
    const gone = await gate(['config', 'check', '--connect', ...flags]);
    expect(gone.stderr).toMatch(/error\[BACKEND_UNREACHABLE\]: .*connection refused/);
    expect(gone.stderr).not.toContain('fine');
  });

  it('with --connect makes no folder for the registry inside the gate', async () => {
    const data = join(root, 'not-there');
    const flags = ['--certs', await certsDirectory(), '--backend', `embedded:${data}`, '--connect'];
    expect((await gate(['config', 'check', ...flags])).code).toBe(0);
    expect(await readdir(root)).not.toContain('not-there');
  });

  it.each(['', '--nonsense', '--listen'])('used wrongly: config check %s', async (flag) => {
    const { code } = await gate(['config', ...(flag === '' ? ['chek'] : ['check', flag])]);
    expect(code).toBe(2);
  });
});

/** name -> what breaks a good certs directory, and the flags that belong to it. */
const FAULTS: readonly [name: string, spoil: (certs: string) => Promise<readonly string[]>][] = [
  ['no certificate', async (certs) => (await rm(join(certs, 'domain.crt')), [])],
  ['no key', async (certs) => (await rm(join(certs, 'domain.key')), [])],
  [
    'a certificate that is none',
    async (certs) => (await writeFile(join(certs, 'domain.crt'), 'hello\n'), []),
  ],
  [
    'a key that is another one',
    async (certs) => (await cp(join(certs, 'ca.key'), join(certs, 'domain.key')), []),
  ],
  ['no users file', async (certs) => (await rm(join(certs, 'htpasswd')), [])],
  [
    'a users file without users',
    async (certs) => (await writeFile(join(certs, 'htpasswd'), '# nobody\n'), []),
  ],
  [
    'a users file with a bad line',
    async (certs) => (await writeFile(join(certs, 'htpasswd'), 'jane:plain\n'), []),
  ],
  ['users elsewhere, not there', async () => ['--users', '/nonexistent/htpasswd']],
  [
    'no authorities of the backend',
    async () => ['--backend', 'https://127.0.0.1:9', '--backend-ca', '/nonexistent'],
  ],
  [
    'authorities of the backend that are none',
    async (certs) => ['--backend', 'https://127.0.0.1:9', '--backend-ca', join(certs, 'htpasswd')],
  ],
  ['an option', async () => ['--listen', 'nowhere']],
];

describe('what keeps serve from starting', () => {
  it.each(FAULTS)('is said by config check in the same words: %s', async (name, spoil) => {
    const certs = await certsDirectory();
    const flags = ['--certs', certs, ...(await spoil(certs))];
    const env = { REGISTRY_GATE_LISTEN: '127.0.0.1:0', REGISTRY_GATE_LOG_LEVEL: 'error' };
    const checked = await gate(['config', 'check', ...flags], env);
    // An option is wrong use; everything else is a matter of files.
    expect(checked.code).toBe(name === 'an option' ? 2 : 1);
    expect(checked.stderr).toMatch(/^registry-gate: error\[[A-Z_]+\]: .*\n/);
    expect(await gate(['serve', ...flags], env)).toEqual(checked);
  });
});

describe('config show', () => {
  it('prints YAML with the origins', async () => {
    const config = await configFile('certs: keys\nauth:\n  realm: Ours\n');
    const { code, stdout, stderr } = await gate(
      ['config', 'show', '--config', config, '--listen', ':1', '--listen', '[::1]:2'],
      { REGISTRY_GATE_TIMEOUTS_DRAIN_SECONDS: '5' },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'listen: [ :1, "[::1]:2" ] # --listen',
        'backend: http://127.0.0.1:5000 # the default of serve; up uses embedded:./data instead',
        `certs: ${join(root, 'keys')} # ${config}:1`,
        `users: ${join(root, 'keys/htpasswd')}`,
        'auth:',
        `  realm: Ours # ${config}:3`,
        '  drainSeconds: 5 # REGISTRY_GATE_TIMEOUTS_DRAIN_SECONDS',
      ]),
    );
  });

  it('prints JSON', async () => {
    const { code, stdout } = await gate(['config', 'show', '--json', '--backend', 'unix:/run/r.sock']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      listen: [':443'],
      backend: 'unix:/run/r.sock',
      tls: { certificate: null, profile: 'intermediate' },
      limits: { manifestBytes: 4_194_304, layerBytes: 'unlimited' },
    });
  });

  it('needs no file to be there, but no problem either', async () => {
    expect((await gate(['config', 'show', '--certs', '/nonexistent'])).code).toBe(0);
    const bad = await gate(['config', 'show', '--certs', '']);
    expect(bad).toMatchObject({ code: 2, stdout: '' });
    expect(bad.stderr).toContain('--certs has an empty value');
  });
});

describe('docs', () => {
  it('is not in the help, and writes the references where it is told', async () => {
    expect((await gate(['--help'])).stdout).not.toContain('docs');
    const out = await mkdtemp(join(root, 'docs-'));
    const { code, stdout } = await gate(['docs', '--out', out]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(await readdir(out)).toEqual([
      'access.schema.json',
      'cli.md',
      'configuration.md',
      'metrics.md',
      'registry-gate.1',
      'registry-gate.schema.json',
      'sync.schema.json',
    ]);
  });
});
