import { describe, expect, it } from 'vitest';
import { describeOptions } from '../../src/config/options.ts';
import { loadCase, problemsOf } from '../support/config.ts';

const rows = describeOptions();

/** path -> values that are taken, as they stand in the file, with what they become. */
const GOOD: readonly [path: string, written: unknown, becomes: unknown][] = [
  ['listen', ':8443', [{ host: undefined, port: 8443 }]],
  ['listen', 8443, [{ host: undefined, port: 8443 }]],
  [
    'listen',
    [8443, '[::1]:443'],
    [
      { host: undefined, port: 8443 },
      { host: '::1', port: 443 },
    ],
  ],
  [
    'listen',
    [':0', ':0'],
    [
      { host: undefined, port: 0 },
      { host: undefined, port: 0 },
    ],
  ],
  ['backend', 'unix:/run/registry.sock', { kind: 'unix', path: '/run/registry.sock' }],
  ['backend', 'http://r/oci', { kind: 'http', host: 'r', port: 80, prefix: '/oci' }],
  ['backendHost', 'Registry.lan:5000', 'registry.lan:5000'],
  ['publicUrl', 'https://registry.lan', 'registry.lan'],
  ['backend', 'https://r', { kind: 'https', host: 'r', port: 443 }],
  ['certs', '/etc/gate', '/etc/gate'],
  ['users', '/etc/htpasswd', '/etc/htpasswd'],
  ['tls.profile', 'modern', 'modern'],
  ['tls.hsts', true, true],
  ['auth.realm', "Jane's registry (test)", "Jane's registry (test)"],
  ['auth.cacheSeconds', 0, 0],
  ['abuse.throttle', false, false],
  ['abuse.wrongPasswords', 3, 3],
  ['abuse.wrongPerNetwork', 100_000, 100_000],
  ['abuse.wrongPerUser', 3, 3],
  ['abuse.windowSeconds', 60, 60],
  ['abuse.longestBlockSeconds', 30, 30],
  ['abuse.redis', 'rediss://:secret@redis.internal:6380/2', 'rediss://:secret@redis.internal:6380/2'],
  ['timeouts.headerSeconds', 1, 1],
  ['timeouts.handshakeSeconds', 86_400, 86_400],
  ['timeouts.keepAliveSeconds', 5, 5],
  ['timeouts.bodyIdleSeconds', 1, 1],
  ['timeouts.sendIdleSeconds', 1, 1],
  ['timeouts.backendSeconds', 1, 1],
  ['timeouts.connectSeconds', 1, 1],
  ['timeouts.drainSeconds', 0, 0],
  ['limits.manifestBytes', '8MiB', 8_388_608],
  ['limits.manifestBytes', 1, 1],
  ['limits.layerBytes', '20GB', 20_000_000_000],
  ['limits.layerBytes', 'unlimited', undefined],
  ['limits.headerBytes', '32KiB', 32_768],
  ['limits.headerBytes', 1024, 1024],
  ['limits.headers', 1000, 1000],
  ['limits.connections', 1, 1],
  ['limits.connections', 'unlimited', undefined],
  ['limits.connectionsPerAddress', 20, 20],
  ['limits.transfers', 'unlimited', undefined],
  ['limits.transfersPerUser', 6, 6],
  ['limits.transferWaitSeconds', 0, 0],
  ['limits.bandwidth', '50MB/s', 50_000_000],
  ['limits.bandwidth', '4 MiB/s', 4_194_304],
  ['limits.bandwidthPerUser', '64kB/s', 64_000],
  ['limits.bandwidthPerUser', 'unlimited', undefined],
  ['limits.hashQueue', 1, 1],
  ['frontProxies.networks', '10.0.0.0/8', ['10.0.0.0/8']],
  ['frontProxies.networks', ['192.0.2.7', 'fd00::/8'], ['192.0.2.7', 'fd00::/8']],
  ['frontProxies.networks', [], []],
  ['frontProxies.protocol', 'proxy-protocol', 'proxy-protocol'],
  ['cache.directory', '/var/cache/gate', '/var/cache/gate'],
  ['cache.size', '20GB', 20_000_000_000],
  ['cache.checkSeconds', 0, 0],
  ['workers', 256, 256],
  ['workers', 'auto', 'auto'],
  ['reloadMs', 50, 50],
  ['log.level', 'debug', 'debug'],
  ['pages', 'owner', 'owner'],
  ['pagesFiles', 0, 0],
  ['log.format', 'human', 'human'],
  ['limits.uploadsPerUser', 7, 7],
  ['limits.uploadPercentPerUser', 7, 7],
  ['redirectListen', 80, { host: undefined, port: 80 }],
  ['redirectListen', '[::1]:8080', { host: '::1', port: 8080 }],
  ['metrics.listen', 9464, { host: '127.0.0.1', port: 9464 }],
  ['metrics.listen', ':9464', { host: '127.0.0.1', port: 9464 }],
  ['metrics.listen', 'localhost:9464', { host: 'localhost', port: 9464 }],
  ['metrics.listen', '[::1]:9464', { host: '::1', port: 9464 }],
  ['metrics.listen', '127.8.0.1:0', { host: '127.8.0.1', port: 0 }],
  ['trace.endpoint', 'http://127.0.0.1:4318', 'http://127.0.0.1:4318/v1/traces'],
  ['trace.endpoint', 'https://collector/otlp/traces', 'https://collector/otlp/traces'],
  ['trace.percent', 1, 1],
  ['audit.file', '-', '-'],
  ['audit.file', 'audit.log', 'audit.log'],
  ['audit.chain', true, true],
  ['renew', false, false],
];

/** path -> values that are refused. Those that are lists or maps are refused everywhere but in `listen`. */
const BAD: readonly [path: string, written: unknown, reason: RegExp][] = [
  ['listen', [], /^listen: must name at least one address/],
  ['listen', true, /^listen: must be HOST:PORT or a list of them, not true/],
  ['listen', { port: 443 }, /^listen: must be HOST:PORT or a list/],
  ['listen', [':443', 'x'], /^listen\[1\]: must be HOST:PORT/],
  ['listen', [':443', [443]], /^listen\[1\]: must be HOST:PORT/],
  ['listen', [':443', 443], /^listen: names the same address twice/],
  ['listen', 4.5, /^listen\[0\]: must be HOST:PORT/],
  ['backend', 5000, /^backend: must be a URL/],
  ['backend', 'http://u:hunter2@r', /^backend: must not hold credentials/],
  ['backendUser', 'a:b', /^backendUser: must be 1 to 255 characters/],
  ['backendPassword', '', /^backendPassword: must be 1 to 4096 characters/],
  ['backendHost', 'http://r', /^backendHost: must be HOST or HOST:PORT/],
  ['publicUrl', 'http://r', /^publicUrl: must be https:/],
  ['backendCa', '', /^backendCa: must be the name of a file/],
  ['access', '', /^access: must be the name of a file/],
  ['state', '', /^state: must be the name of a file/],
  ['auth.challenge', 'digest', /^auth.challenge: must be one of auto, basic, bearer/],
  ['auth.service', 'a"b', /^auth.service: must be 1 to 100 printable/],
  ['auth.tokenSeconds', 299, /^auth.tokenSeconds: must be a whole number from 300 to 3600/],
  ['auth.tokenSeconds', 3601, /^auth.tokenSeconds: must be a whole number from 300 to 3600/],
  ['auth.backendTokens', 1, /^auth.backendTokens: must be true or false/],
  ['auth.identityTokens', 'maybe', /^auth.identityTokens: must be true or false/],
  ['caPassphraseFile', '', /^caPassphraseFile: must be the name of a file/],
  ['certs', '', /^certs: must be the name of a file/],
  ['certs', ['a'], /^certs: must be the name of a file or directory, not \["a"\]/],
  ['certs', 'a\0b', /^certs: must be the name/],
  ['users', 1, /^users: must be the name/],
  ['tls.certificate', '', /^tls\.certificate: must be the name/],
  ['tls.key', 1, /^tls\.key: must be the name/],
  ['tls.profile', 'old', /^tls\.profile: must be one of intermediate, modern, not "old"/],
  ['tls.hsts', 'yes', /^tls\.hsts: must be true or false, not "yes"/],
  ['auth.realm', '', /^auth\.realm: must be 1 to 100 printable/],
  ['auth.realm', 'a"b', /^auth\.realm: .*without quotes/],
  ['auth.realm', 'a\\b', /^auth\.realm: .*backslashes/],
  ['auth.realm', 'a\r\nSet-Cookie: x', /^auth\.realm: must be 1 to 100 printable/],
  ['auth.realm', '레지스트리', /^auth\.realm: .*ASCII/],
  ['auth.realm', 'x'.repeat(101), /^auth\.realm: must be 1 to 100 .*x\.\.\. \(/],
  ['auth.cacheSeconds', 301, /^auth\.cacheSeconds: must be a whole number from 0 to 300, not 301/],
  ['abuse.throttle', 'yes', /^abuse\.throttle: must be true or false/],
  ['abuse.wrongPasswords', 2, /^abuse\.wrongPasswords: must be a whole number from 3 to 1000, not 2/],
  ['abuse.wrongPerNetwork', 0, /^abuse\.wrongPerNetwork: must be a whole number from 3/],
  ['abuse.wrongPerUser', 'many', /^abuse\.wrongPerUser: must be a whole number from 3/],
  ['abuse.windowSeconds', 59, /^abuse\.windowSeconds: must be a whole number from 60/],
  ['abuse.longestBlockSeconds', 29, /^abuse\.longestBlockSeconds: must be a whole number from 30/],
  ['abuse.redis', 'http://:hunter2@redis', /^abuse\.redis: must be a URL, like redis:/],
  ['auth.cacheSeconds', -1, /^auth\.cacheSeconds: must be a whole number from 0 to 300, not -1/],
  ['timeouts.headerSeconds', 0, /from 1 to 86400, not 0/],
  ['timeouts.handshakeSeconds', 86_401, /from 1 to 86400, not 86401/],
  ['timeouts.keepAliveSeconds', 1.5, /whole number from 1 to 86400, not 1.5/],
  ['timeouts.bodyIdleSeconds', '60', /whole number from 1 to 86400, not "60"/],
  ['timeouts.sendIdleSeconds', '60s', /not "60s"/],
  ['timeouts.backendSeconds', true, /not true/],
  ['timeouts.connectSeconds', 1e300, /from 1 to 86400/],
  ['timeouts.drainSeconds', -1, /from 0 to 86400/],
  ['limits.manifestBytes', 0, /size of at least 1 bytes/],
  ['limits.manifestBytes', 'unlimited', /^limits\.manifestBytes: must be a size/],
  ['limits.layerBytes', '4M', /^limits\.layerBytes: must be a size .* or unlimited, not "4M"/],
  ['limits.layerBytes', '0MiB', /^limits\.layerBytes: must be a size/],
  ['limits.headerBytes', 1023, /^limits\.headerBytes: must be a size from 1024 to 1048576/],
  ['limits.headerBytes', '2MiB', /^limits\.headerBytes: must be a size from 1024 to 1048576/],
  ['limits.headers', 9, /from 10 to 1000/],
  ['limits.connections', 0, /^limits\.connections: must be a whole number from 1, or unlimited, not 0/],
  ['limits.connectionsPerAddress', 0, /^limits\.connectionsPerAddress: must be a whole number from 1/],
  ['limits.transfers', 0, /^limits\.transfers: must be a whole number from 1, or unlimited, not 0/],
  ['limits.transfersPerUser', 'many', /^limits\.transfersPerUser: must be a whole number from 1/],
  ['limits.transferWaitSeconds', 301, /^limits\.transferWaitSeconds: .* from 0 to 300, not 301/],
  ['limits.bandwidth', '50MB', /^limits\.bandwidth: must be at least 64kB\/s, like 50MB\/s/],
  ['limits.bandwidth', 50_000_000, /^limits\.bandwidth: must be at least 64kB\/s/],
  ['limits.bandwidth', '63999B/s', /^limits\.bandwidth: must be at least 64kB\/s/],
  ['limits.bandwidthPerUser', '1Mbit/s', /^limits\.bandwidthPerUser: must be at least 64kB\/s/],
  ['limits.hashQueue', 0, /from 1 to 10000/],
  ['frontProxies.networks', 'balancer', /^frontProxies\.networks\[0\]: "balancer" is neither an address/],
  ['frontProxies.networks', ['10.1.2.3/8'], /^frontProxies\.networks\[0\]: .* its last 24 bits must be zero/],
  ['frontProxies.networks', ['fe80::1%eth0'], /^frontProxies\.networks\[0\]: .* is neither an address/],
  [
    'frontProxies.networks',
    ['0.0.0.0/0', '::/0'],
    /^frontProxies\.networks: hold a fourth .* IPv4 addresses/,
  ],
  ['frontProxies.networks', 10, /^frontProxies\.networks: must be an address, a network, or a list/],
  [
    'frontProxies.protocol',
    'forwarded',
    /^frontProxies\.protocol: must be one of x-forwarded-for, proxy-protocol/,
  ],
  ['cache.directory', '', /^cache\.directory: must be the name of a file/],
  ['cache.size', '1kB', /^cache\.size: must be a size of at least 1048576 bytes/],
  ['cache.size', 'unlimited', /^cache\.size: must be a size/],
  ['cache.checkSeconds', 3601, /^cache\.checkSeconds: must be a whole number from 0 to 3600/],
  ['workers', 0, /^workers: must be a whole number from 1 to 256, or auto/],
  ['workers', 257, /^workers: must be a whole number from 1 to 256, or auto/],
  ['workers', 'all', /^workers: must be a whole number from 1 to 256, or auto/],
  ['reloadMs', 49, /from 50 to 60000/],
  ['log.level', 'trace', /one of debug, info, warn, error/],
  ['pages', 'yes', /one of on, off, owner/],
  ['pagesFiles', 'unlimited', /^pagesFiles: must be a size/],
  ['log.format', 'pretty', /one of auto, human, json/],
  ['limits.uploadsPerUser', 0, /must be a whole number/],
  ['limits.uploadPercentPerUser', 0, /must be a whole number/],
  ['redirectListen', 'fd:3', /^redirectListen: must be HOST:PORT/],
  ['redirectListen', ['a:80'], /^redirectListen: must be HOST:PORT/],
  ['metrics.listen', '0.0.0.0:9464', /^metrics\.listen: is an address that other machines reach/],
  ['metrics.listen', '[::]:9464', /^metrics\.listen: is an address that other machines reach/],
  ['metrics.listen', '[::ffff:127.0.0.1]:9464', /^metrics\.listen: is an address that other machines reach/],
  ['metrics.listen', '192.0.2.1:9464', /^metrics\.listen: is an address that other machines reach/],
  ['metrics.listen', '127.evil.example:9464', /^metrics\.listen: is an address that other machines reach/],
  ['metrics.listen', 'http://127.0.0.1:9464/metrics', /^metrics\.listen: must be HOST:PORT without a scheme/],
  ['metrics.listen', [9464], /^metrics\.listen: must be HOST:PORT or PORT/],
  ['metrics.public', 'yes', /^metrics\.public: must be true or false, not "yes"/],
  ['trace.endpoint', 'collector:4318', /^trace\.endpoint: must be a URL, like/],
  ['trace.endpoint', 'http://u:hunter2@collector/', /^trace\.endpoint: must not hold credentials/],
  ['trace.percent', 0, /^trace\.percent: must be a whole number from 1 to 100, not 0/],
  ['audit.file', '', /^audit\.file: must be the name of a file/],
  ['audit.chain', 'yes', /^audit\.chain: must be true or false, not "yes"/],
  ['renew', 1, /true or false, not 1/],
];

function inFile(path: string, written: unknown): string {
  const [first, second] = path.split('.');
  return JSON.stringify(
    second === undefined ? { [`${first}`]: written } : { [`${first}`]: { [second]: written } },
  );
}

function at(config: unknown, path: string): unknown {
  return path.split('.').reduce((value, key) => Object(value)[key], config);
}

describe('the options', () => {
  it.each(GOOD)('%s: %j is accepted', async (path, written, becomes) => {
    const { config } = await loadCase({ files: { 'registry-gate.yml': inFile(path, written) } });
    expect(at(config, path)).toEqual(becomes);
  });

  it.each(BAD)('%s: %j is refused', async (path, written, reason) => {
    const problems = await problemsOf({ files: { 'registry-gate.yml': inFile(path, written) } });
    const own = problems.filter((problem) => !/ is missing, since | has no effect/.test(problem));
    expect(own).toHaveLength(1);
    expect(own[0]).toMatch(reason);
    expect(own[0]).toMatch(/ \(registry-gate\.yml:1\)$/);
    expect(own[0]).not.toContain('hunter2');
  });

  it.each(rows)('$path has a case that is refused', ({ path }) => {
    expect(BAD.map(([refused]) => refused)).toContain(path);
  });

  it('are complete without any source', async () => {
    const { config, origins } = await loadCase({});
    expect(origins.size).toBe(0);
    expect(config).toEqual({
      listen: [{ host: undefined, port: 443 }],
      redirectListen: undefined,
      backend: { kind: 'http', host: '127.0.0.1', port: 5000 },
      backendCa: undefined,
      certs: './certs',
      caPassphraseFile: undefined,
      users: 'certs/htpasswd',
      state: './certs',
      access: undefined,
      pages: 'on',
      pagesFiles: 2_147_483_648,
      tls: { certificate: undefined, key: undefined, profile: 'intermediate', hsts: false },
      auth: {
        realm: 'Registry',
        cacheSeconds: 300,
        challenge: 'auto',
        service: 'registry-gate',
        tokenSeconds: 3600,
        identityTokens: true,
        backendTokens: false,
      },
      abuse: {
        throttle: true,
        wrongPasswords: 10,
        wrongPerNetwork: 100,
        wrongPerUser: 100,
        windowSeconds: 86_400,
        longestBlockSeconds: 900,
        redis: undefined,
      },
      timeouts: {
        headerSeconds: 20,
        handshakeSeconds: 10,
        keepAliveSeconds: 95,
        bodyIdleSeconds: 60,
        sendIdleSeconds: 60,
        backendSeconds: 900,
        connectSeconds: 10,
        drainSeconds: 60,
      },
      limits: {
        manifestBytes: 4_194_304,
        layerBytes: undefined,
        headerBytes: 16_384,
        headers: 100,
        connections: undefined,
        connectionsPerAddress: undefined,
        transfers: undefined,
        transfersPerUser: undefined,
        transferWaitSeconds: 30,
        uploadsPerUser: 500,
        uploadPercentPerUser: 50,
        bandwidth: undefined,
        bandwidthPerUser: undefined,
        hashQueue: 64,
      },
      frontProxies: { networks: [], protocol: 'x-forwarded-for' },
      cache: { directory: undefined, size: 21_474_836_480, checkSeconds: 60 },
      workers: 1,
      reloadMs: 500,
      log: { level: 'info', format: 'auto' },
      metrics: { listen: undefined, public: false },
      trace: { endpoint: undefined, percent: 100 },
      audit: { file: undefined, chain: false },
      renew: true,
    });
  });

  it.each(rows)('$path keeps its key in the result, even where it is not set', async ({ path }) => {
    const { config } = await loadCase({});
    const [first = '', second] = path.split('.');
    expect(Object.keys(second === undefined ? config : Object(at(config, first)))).toContain(second ?? first);
  });
});

describe('describeOptions', () => {
  it('gives each option a variable and a flag of its own', () => {
    expect(new Set(rows.map(({ env }) => env)).size).toBe(rows.length);
    const flags = rows.map(({ flag }) => flag).filter((flag) => flag !== undefined);
    expect(flags).toEqual([
      '--listen HOST:PORT',
      '--redirect-listen HOST:PORT',
      '--backend URL',
      '--backend-ca FILE',
      '--backend-user NAME',
      '--backend-host HOST',
      '--public-url URL',
      '--certs DIR',
      '--ca-passphrase-file FILE',
      '--users FILE',
      '--state DIR',
      '--access FILE',
      '--pages AUDIENCE',
      '--abuse-redis URL',
      '--cache DIR',
      '--cache-size SIZE',
      '--workers N',
      '--log-format FORMAT',
      '--metrics HOST:PORT',
      '--trace-endpoint URL',
      '--audit FILE',
      '--audit-chain',
    ]);
  });

  it.each([
    ['listen', 'REGISTRY_GATE_LISTEN'],
    ['backendCa', 'REGISTRY_GATE_BACKEND_CA'],
    ['reloadMs', 'REGISTRY_GATE_RELOAD_MS'],
    ['timeouts.bodyIdleSeconds', 'REGISTRY_GATE_TIMEOUTS_BODY_IDLE_SECONDS'],
  ])('derives the variable of %s', (path, env) => {
    expect(rows.find((row) => row.path === path)?.env).toBe(env);
  });

  it.each(rows)('says in a sentence what $path does', ({ description, values, byDefault }) => {
    expect(description).toMatch(/^[A-Z].*\.$/);
    expect(values).not.toBe('');
    expect(byDefault).not.toBe('');
  });
});
