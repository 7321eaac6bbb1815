import { describe, expect, it } from 'vitest';
import { describeOptions } from '../../src/config/options.ts';
import { renderConfig, showConfig } from '../../src/config/show.ts';
import { loadCase } from '../support/config.ts';

const rows = describeOptions();

const GIVEN = {
  files: {
    'registry-gate.yml':
      'tls: {certificate: a.crt, key: "b #1.key"}\nlimits:\n  layerBytes: 20GiB\n  bandwidth: 50MB/s\n',
  },
  env: { REGISTRY_GATE_BACKEND: 'https://[::1]/', REGISTRY_GATE_AUTH_REALM: 'yes' },
  flags: { listen: ['[::1]:8443', '8443'], certs: '/srv/certs' },
};

describe('renderConfig', () => {
  it('prints every option as it would be written, with who said it', async () => {
    expect(renderConfig(await loadCase(GIVEN), rows)).toBe(`\
listen: [ "[::1]:8443", :8443 ] # --listen
redirectListen: null # not set
backend: "https://[::1]:443" # REGISTRY_GATE_BACKEND
backendCa: null # not set
backendUser: null # not set
backendPassword: null # not set
backendHost: null # not set
publicUrl: null # not set
certs: /srv/certs # --certs
caPassphraseFile: null # not set
users: /srv/certs/htpasswd
state: /srv/certs
access: null # not set
pages: "on"
pagesFiles: 2147483648
tls:
  certificate: a.crt # registry-gate.yml:1
  key: "b #1.key" # registry-gate.yml:1
  profile: intermediate
  hsts: false
auth:
  realm: "yes" # REGISTRY_GATE_AUTH_REALM
  cacheSeconds: 300
  challenge: auto
  service: registry-gate
  tokenSeconds: 3600
  identityTokens: true
  backendTokens: false
abuse:
  throttle: true
  wrongPasswords: 10
  wrongPerNetwork: 100
  wrongPerUser: 100
  windowSeconds: 86400
  longestBlockSeconds: 900
  redis: null # not set
timeouts:
  headerSeconds: 20
  handshakeSeconds: 10
  keepAliveSeconds: 95
  bodyIdleSeconds: 60
  sendIdleSeconds: 60
  backendSeconds: 900
  connectSeconds: 10
  drainSeconds: 60
limits:
  manifestBytes: 4194304
  layerBytes: 21474836480 # registry-gate.yml:3
  headerBytes: 16384
  headers: 100
  connections: unlimited
  connectionsPerAddress: unlimited
  transfers: unlimited
  transfersPerUser: unlimited
  transferWaitSeconds: 30
  uploadsPerUser: 500
  uploadPercentPerUser: 50
  bandwidth: 50000000B/s # registry-gate.yml:4
  bandwidthPerUser: unlimited
  hashQueue: 64
frontProxies:
  networks: []
  protocol: x-forwarded-for
cache:
  directory: null # not set
  size: 21474836480
  checkSeconds: 60
workers: 1
reloadMs: 500
log:
  level: info
  format: auto
metrics:
  listen: null # not set
  public: false
trace:
  endpoint: null # not set
  percent: 100
audit:
  file: null # not set
  chain: false
renew: true
`);
  });

  it.each([
    ['the defaults', {}],
    ['a mixture', GIVEN],
  ])('prints what would be accepted again, with the same result: %s', async (_name, given) => {
    const loaded = await loadCase(given);
    const again = await loadCase({ files: { 'registry-gate.yml': renderConfig(loaded, rows) } });
    expect(again.config).toEqual(loaded.config);
  });

  it('hides secrets', async () => {
    const loaded = await loadCase(GIVEN);
    const hidden = rows.map((row) => ({
      ...row,
      secret: row.path === 'auth.realm' || row.path === 'tls.key',
    }));
    expect(renderConfig(loaded, hidden)).toMatch(/realm: "?\*\*\*"?/);
    expect(showConfig(loaded.config, hidden)).toMatchObject({ auth: { realm: '***' }, tls: { key: '***' } });
    expect(renderConfig(loaded, hidden)).not.toContain('b #1.key');
  });
});

describe('showConfig', () => {
  it('has every option, null where nothing is set', async () => {
    const { config } = await loadCase(GIVEN);
    expect(showConfig(config, rows)).toMatchObject({
      listen: ['[::1]:8443', ':8443'],
      backend: 'https://[::1]:443',
      backendCa: null,
      limits: { layerBytes: 21_474_836_480, connections: 'unlimited' },
    });
  });
});
