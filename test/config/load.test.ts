import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { AppError } from '../../src/lib/errors.ts';
import { loadCase, problemsOf, type ConfigCase } from '../support/config.ts';

const FILE = 'registry-gate.yml';

describe('precedence', () => {
  const file = { [FILE]: 'auth:\n  realm: file\n  cacheSeconds: 1\ncerts: file\nusers: file\n' };
  const env = { REGISTRY_GATE_CERTS: 'env', REGISTRY_GATE_USERS: 'env' };

  it.each([
    ['default', {}, './certs', undefined],
    ['file', { files: file }, 'file', 'registry-gate.yml:4'],
    ['environment over file', { files: file, env }, 'env', 'REGISTRY_GATE_CERTS'],
    ['flag over environment over file', { files: file, env, flags: { certs: 'flag' } }, 'flag', '--certs'],
    ['an empty variable is not set', { files: file, env: { REGISTRY_GATE_CERTS: '' } }, 'file', `${FILE}:4`],
    ['a flag that was not given', { env, flags: { certs: undefined } }, 'env', 'REGISTRY_GATE_CERTS'],
  ] satisfies [string, ConfigCase, string, string | undefined][])(
    '%s',
    async (_name, given, certs, origin) => {
      const loaded = await loadCase(given);
      expect(loaded.config.certs).toBe(certs);
      expect(loaded.origins.get('certs')).toBe(origin);
    },
  );

  it('merges by option, not by group', async () => {
    const { config } = await loadCase({ files: file, env: { REGISTRY_GATE_AUTH_CACHE_SECONDS: '2' } });
    expect(config.auth).toMatchObject({ realm: 'file', cacheSeconds: 2 });
  });

  it('replaces a list as a whole', async () => {
    const { config } = await loadCase({
      files: { [FILE]: 'listen: [":1", ":2"]\n' },
      flags: { listen: [':3'] },
    });
    expect(config.listen).toEqual([{ host: undefined, port: 3 }]);
  });

  it.each([
    ['of the default', {}, 'certs/htpasswd'],
    ['of a flag', { flags: { certs: '/srv' } }, '/srv/htpasswd'],
    ['unless it is named', { flags: { certs: '/srv', users: './u' } }, './u'],
  ] satisfies [string, ConfigCase, string][])(
    'takes htpasswd from the certs directory %s',
    async (_name, given, users) => {
      expect((await loadCase(given)).config.users).toBe(users);
    },
  );
});

describe('the file', () => {
  const other = {
    'etc/gate.yml': 'certs: certs\nusers: /abs/htpasswd\ntls: {certificate: ../a.crt, key: a.key}\n',
  };

  it.each([
    ['--config', { files: other, fileName: 'etc/gate.yml' }],
    ['REGISTRY_GATE_CONFIG', { files: other, env: { REGISTRY_GATE_CONFIG: 'etc/gate.yml' } }],
    [
      '--config over the variable',
      { files: other, fileName: 'etc/gate.yml', env: { REGISTRY_GATE_CONFIG: 'none' } },
    ],
  ] satisfies [string, ConfigCase][])(
    'is named by %s, and its relative paths count from it',
    async (_name, given) => {
      const { config } = await loadCase(given);
      expect(config.certs).toBe('etc/certs');
      expect(config.users).toBe('/abs/htpasswd');
      expect(config.tls).toMatchObject({ certificate: 'a.crt', key: 'etc/a.key' });
    },
  );

  it.each([
    ['--config', { fileName: 'none.yml' }, ["none.yml: doesn't exist (--config)"]],
    [
      'REGISTRY_GATE_CONFIG',
      { env: { REGISTRY_GATE_CONFIG: 'none.yml' } },
      ["none.yml: doesn't exist (REGISTRY_GATE_CONFIG)"],
    ],
    [
      'nobody, with the other ending',
      { files: { 'registry-gate.yaml': 'certs: x' } },
      ['registry-gate.yaml: is not read; rename it to registry-gate.yml, or name it with --config'],
    ],
  ] satisfies [string, ConfigCase, string[]][])(
    'that is missing and named by %s',
    async (_name, given, problems) => {
      expect(await problemsOf(given)).toEqual(problems);
    },
  );

  it('that may not be read is a problem', async () => {
    const readFile = async (): Promise<string> => {
      throw Object.assign(new Error('no'), { code: 'EACCES' });
    };
    await expect(loadConfig({ flags: {}, env: {}, readFile })).rejects.toThrow(
      "registry-gate.yml: can't be read (EACCES)",
    );
  });
});

describe('problems', () => {
  it('are all reported at once, each with its place', async () => {
    const given: ConfigCase = {
      files: {
        [FILE]: [
          'listen: [":443", nowhere]',
          'backend: http://admin:hunter2@registry',
          'timeouts:',
          '  bodyIdleSecond: 5',
          '  headerSeconds: soon',
          'tls: yes',
          'colour: red',
        ].join('\n'),
      },
      env: {
        REGISTRY_GATE_LISTN: ':1',
        REGISTRY_GATE_RENEW: 'yes',
        REGISTRY_GATE_TLS_KEY: 'a.key',
        HOME: '/',
      },
      flags: { backendCa: 'ca.pem', users: '' },
    };
    expect(await problemsOf(given)).toEqual([
      'timeouts.bodyIdleSecond: is unknown. Did you mean timeouts.bodyIdleSeconds? (registry-gate.yml:4)',
      'tls: must hold further keys, indented on the following lines (registry-gate.yml:6)',
      'colour: is unknown (registry-gate.yml:7)',
      'REGISTRY_GATE_LISTN: is unknown. Did you mean REGISTRY_GATE_LISTEN? (environment)',
      'listen[1]: must be HOST:PORT, [IPV6]:PORT, :PORT or PORT, like 0.0.0.0:443 (registry-gate.yml:1)',
      'backend: must not hold credentials: give them as backendUser and backendPassword (registry-gate.yml:2)',
      'users: must be the name of a file or directory, not "" (--users)',
      'timeouts.headerSeconds: must be a whole number from 1 to 86400, not "soon" (registry-gate.yml:5)',
      'renew: must be true or false, not "yes" (REGISTRY_GATE_RENEW)',
      'tls.certificate: is missing, since tls.key is set (REGISTRY_GATE_TLS_KEY)',
      'backendCa: has no effect: only an https backend has a certificate to verify (--backend-ca)',
    ]);
  });

  it('are one AppError that says what to type', async () => {
    const error = await loadCase({ flags: { certs: '' } }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'The configuration has a problem:\n  certs: must be the name of a file or directory, not "" (--certs)',
      hint: expect.stringContaining('registry-gate config check'),
    });
  });

  it.each([
    [
      'a certificate alone',
      { tls: { certificate: 'a' } },
      ['tls.key: is missing, since tls.certificate is set'],
    ],
    ['a key alone', { tls: { key: 'a' } }, ['tls.certificate: is missing, since tls.key is set']],
    ['both', { tls: { certificate: 'a', key: 'b' } }, []],
    ['an authority for http', { backendCa: 'a' }, ['backendCa: has no effect']],
    ['an authority for a socket', { backendCa: 'a', backend: 'unix:/a' }, ['backendCa: has no effect']],
    [
      'a cache before the embedded registry',
      { cache: { directory: 'c' }, backend: 'embedded:d' },
      ['cache.directory: has no effect'],
    ],
    [
      'a sign-in for the embedded registry',
      { backendUser: 'u', backendPassword: 'p', backendHost: 'h', backend: 'embedded:d' },
      ['backendUser: has no effect', 'backendPassword: has no effect', 'backendHost: has no effect'],
    ],
    ['a user alone', { backendUser: 'u' }, ['backendPassword: is missing, since backendUser is set']],
    ['a password alone', { backendPassword: 'p' }, ['backendUser: is missing, since backendPassword is set']],
    [
      'a password beside tokens',
      { backendUser: 'u', backendPassword: 'p', auth: { backendTokens: true } },
      ['auth.backendTokens: contradicts backendUser'],
    ],
    ['an authority for https', { backendCa: 'a', backend: 'HTTPS://a' }, []],
  ])('%s', async (_name, written, expected) => {
    const problems = await problemsOf({ files: { [FILE]: JSON.stringify(written) } });
    expect(problems).toEqual(expected.map((text) => expect.stringContaining(text)));
  });
});

describe('a path that is a stream', () => {
  it('stands beside no file', async () => {
    const files = { 'etc/gate.yml': 'audit: {file: "-"}\n' };
    const { config } = await loadCase({ files, fileName: 'etc/gate.yml' });
    expect(config.audit).toEqual({ file: '-', chain: false });
  });
});
