import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/config/environment.ts';
import { describeOptions, type OptionRow } from '../../src/config/options.ts';
import { fileReader, loadCase, problemsOf } from '../support/config.ts';

describe('the environment', () => {
  it.each([
    [
      'REGISTRY_GATE_LISTEN',
      '0.0.0.0:443, [::1]:8443',
      'listen',
      [
        { host: '0.0.0.0', port: 443 },
        { host: '::1', port: 8443 },
      ],
    ],
    ['REGISTRY_GATE_BACKEND', 'unix:/s', 'backend', { kind: 'unix', path: '/s' }],
    ['REGISTRY_GATE_RELOAD_MS', '100', 'reloadMs', 100],
    ['REGISTRY_GATE_RENEW', 'false', 'renew', false],
    ['REGISTRY_GATE_CERTS', './c', 'certs', './c'],
  ])('%s=%s', async (name, text, key, becomes) => {
    const { config } = await loadCase({ env: { [name]: text } });
    expect(new Map<string, unknown>(Object.entries(config)).get(key)).toEqual(becomes);
  });

  it.each([
    ['REGISTRY_GATE_LIMITS_LAYER_BYTES', '4GiB', { layerBytes: 4_294_967_296 }],
    ['REGISTRY_GATE_LIMITS_LAYER_BYTES', '4096', { layerBytes: 4096 }],
    ['REGISTRY_GATE_LIMITS_LAYER_BYTES', 'unlimited', { layerBytes: undefined }],
    ['REGISTRY_GATE_LIMITS_CONNECTIONS', '10', { connections: 10 }],
    ['REGISTRY_GATE_LIMITS_CONNECTIONS', 'unlimited', { connections: undefined }],
  ])('%s=%s', async (name, text, limits) => {
    const files = { 'registry-gate.yml': 'limits: {layerBytes: 1MiB, connections: 5}' };
    expect((await loadCase({ files, env: { [name]: text } })).config.limits).toMatchObject(limits);
  });

  it.each([
    [
      'REGISTRY_GATE_RELOAD_MS',
      '1e3',
      /^reloadMs: must be a whole number .* not "1e3" \(REGISTRY_GATE_RELOAD_MS\)$/,
    ],
    ['REGISTRY_GATE_RELOAD_MS', ' 100', /^reloadMs: /],
    ['REGISTRY_GATE_RENEW', 'True', /^renew: must be true or false, not "True"/],
    ['REGISTRY_GATE_LISTEN', ':443,', /^listen\[1\]: must be HOST:PORT/],
    ['REGISTRY_GATE_TIMEOUTS', '5', /^REGISTRY_GATE_TIMEOUTS: is unknown/],
    [
      'REGISTRY_GATE_TIMEOUTS_BODYIDLESECONDS',
      '5',
      /Did you mean REGISTRY_GATE_TIMEOUTS_BODY_IDLE_SECONDS\?/,
    ],
    [
      'REGISTRY_GATE_BACKEND_FILE',
      '/x',
      /^REGISTRY_GATE_BACKEND_FILE: is unknown: only secrets are read from files. Use REGISTRY_GATE_BACKEND /,
    ],
    ['REGISTRY_GATE_', '', /^REGISTRY_GATE_: is unknown/],
  ])('%s=%s is refused', async (name, text, problem) => {
    expect(await problemsOf({ env: { [name]: text } })).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['REGISTRY_GATE_HOSTS', 'registry.lan'],
    ['REGISTRY_GATEWAY', 'x'],
    ['PATH', '/bin'],
  ])('%s does not concern the server', async (name, text) => {
    expect(await problemsOf({ env: { [name]: text } })).toEqual([]);
  });
});

describe('the service links of Kubernetes', () => {
  /** https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables */
  const linksOf = (service: string, port: number): Readonly<Record<string, string>> => {
    const name = service.toUpperCase().replaceAll('-', '_');
    return {
      [`${name}_SERVICE_HOST`]: '10.96.12.7',
      [`${name}_SERVICE_PORT`]: `${port}`,
      [`${name}_SERVICE_PORT_HTTPS`]: `${port}`,
      [`${name}_PORT`]: `tcp://10.96.12.7:${port}`,
      [`${name}_PORT_${port}_TCP`]: `tcp://10.96.12.7:${port}`,
      [`${name}_PORT_${port}_TCP_PROTO`]: 'tcp',
      [`${name}_PORT_${port}_TCP_PORT`]: `${port}`,
      [`${name}_PORT_${port}_TCP_ADDR`]: '10.96.12.7',
    };
  };

  it.each(['registry-gate', 'registry-gate-metrics', 'registry-gate-2', 'registry-gate-auth'])(
    'of a service %s are left alone',
    async (service) => {
      expect(await problemsOf({ env: linksOf(service, 443) })).toEqual([]);
    },
  );

  it('are left alone with IPv6', async () => {
    const env = {
      REGISTRY_GATE_SERVICE_HOST: 'fd00:10:96::7',
      REGISTRY_GATE_PORT: 'tcp://[fd00:10:96::7]:443',
      REGISTRY_GATE_PORT_443_TCP_ADDR: 'fd00:10:96::7',
    };
    expect(await problemsOf({ env })).toEqual([]);
  });

  it.each([
    ['REGISTRY_GATE_PORT', '8443'],
    ['REGISTRY_GATE_METRICS_PORT', '9464'],
    ['REGISTRY_GATE_SERVICE_HOST', 'registry.lan'],
    ['REGISTRY_GATE_SERVICE_PORT', 'https'],
    ['REGISTRY_GATE_PORT_443_TCP', '443'],
    ['REGISTRY_GATE_PORT_X_TCP', 'tcp://10.0.0.1:1'],
    ['REGISTRY_GATE_LISTENS', ':443'],
    ['REGISTRY_GATE_SERVICE', 'tcp://10.0.0.1:1'],
  ])('%s=%s is none, and is named', async (name, text) => {
    expect(await problemsOf({ env: { [name]: text } })).toEqual([
      expect.stringMatching(new RegExp(`^${name}: is unknown`)),
    ]);
  });

  it('stand aside where an option has the same variable', async () => {
    const row = describeOptions()[0];
    if (row === undefined) throw new Error('no options');
    const named = { ...row, path: 'metrics.port', env: 'REGISTRY_GATE_METRICS_PORT' };
    const read = (value: string) =>
      readEnvironment({ REGISTRY_GATE_METRICS_PORT: value }, [named], fileReader({}));
    expect((await read('tcp://10.96.12.7:9464')).values.size).toBe(0);
    expect((await read('9464')).values.size).toBe(1);
  });
});

describe('a value as an env file brings it', () => {
  it.each([
    ['REGISTRY_GATE_LISTEN', ':8443\r', 'ends with a carriage return'],
    ['REGISTRY_GATE_LISTEN', '\r', 'ends with a carriage return'],
    ['REGISTRY_GATE_HOSTS', 'registry.lan\r', 'ends with a carriage return'],
    ['REGISTRY_GATE_ABUSE_REDIS', 'redis://h:1\r', 'ends with a carriage return'],
    ['REGISTRY_GATE_RENEW', '"true"', 'is in quotes'],
    ['REGISTRY_GATE_CERTS', "'./certs'", 'is in quotes'],
    ['REGISTRY_GATE_HOSTS', '"registry.lan"', 'is in quotes'],
    ['REGISTRY_GATE_LOG_LEVEL', '""', 'is in quotes'],
  ])('%s=%j is refused, and the reason is said once', async (name, text, reason) => {
    expect(await problemsOf({ env: { [name]: text } })).toEqual([
      expect.stringMatching(new RegExp(`^${name}: ${reason}`)),
    ]);
  });
});

describe('a secret', () => {
  const row: OptionRow = {
    path: 'password',
    env: 'REGISTRY_GATE_PASSWORD',
    flag: undefined,
    kind: 'text',
    values: 'text',
    byDefault: 'not set',
    isDefaultInWords: true,
    description: 'A secret.',
    secret: true,
  };
  const read = (env: Readonly<Record<string, string>>) =>
    readEnvironment(env, [row], fileReader({ '/run/secret': 'hunter2\n\n' }));

  it('may stand in the variable', async () => {
    const { values } = await read({ REGISTRY_GATE_PASSWORD: 'hunter2' });
    expect(values.get('password')).toEqual({ value: 'hunter2', where: 'REGISTRY_GATE_PASSWORD' });
  });

  it('may begin and end with quotes', async () => {
    const { values, problems } = await read({ REGISTRY_GATE_PASSWORD: '"hunter2"' });
    expect(values.get('password')?.value).toBe('"hunter2"');
    expect(problems).toEqual([]);
  });

  it('may stand in a file, whose last line end is not part of it', async () => {
    const { values, problems } = await read({ REGISTRY_GATE_PASSWORD_FILE: '/run/secret' });
    expect(values.get('password')).toEqual({ value: 'hunter2\n', where: 'REGISTRY_GATE_PASSWORD_FILE' });
    expect(problems).toEqual([]);
  });

  it.each([
    [
      'is given twice',
      { REGISTRY_GATE_PASSWORD: 'hunter2', REGISTRY_GATE_PASSWORD_FILE: '/run/secret' },
      'is also given by REGISTRY_GATE_PASSWORD; keep only one of them',
    ],
    [
      'is not where it should be',
      { REGISTRY_GATE_PASSWORD_FILE: '/none' },
      "can't be read from /none (ENOENT)",
    ],
  ])('that %s', async (_name, env, reason) => {
    const { problems } = await read(env);
    expect(problems).toEqual([{ path: 'password', reason, where: 'REGISTRY_GATE_PASSWORD_FILE' }]);
  });
});
