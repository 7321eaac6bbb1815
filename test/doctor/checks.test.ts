import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Check } from '../../src/doctor/check.ts';
import { checkAccount, checkChallenge } from '../../src/doctor/checks/account.ts';
import { checkAnswer, checkClock } from '../../src/doctor/checks/answer.ts';
import { checkBackend, type BackendFacts } from '../../src/doctor/checks/backend.ts';
import { checkCertificate } from '../../src/doctor/checks/chain.ts';
import { commandIn } from '../../src/doctor/checks/faults.ts';
import { checkPermissions, checkUsers } from '../../src/doctor/checks/files.ts';
import { checkDescriptors, checkDisk, checkListen } from '../../src/doctor/checks/machine.ts';
import { checkName } from '../../src/doctor/checks/name.ts';
import { checkInsecure, checkProxies, isExcepted } from '../../src/doctor/checks/proxy.ts';
import { checkRoute } from '../../src/doctor/checks/route.ts';
import { checkTrust } from '../../src/doctor/checks/trust.ts';
import type { AccountFacts } from '../../src/doctor/facts/account.ts';
import type { Answer } from '../../src/doctor/facts/ask.ts';
import { findAuthority, type AuthorityHints } from '../../src/doctor/facts/authority.ts';
import type { NetworkFacts } from '../../src/doctor/facts/network.ts';
import type { StoreFacts } from '../../src/doctor/facts/stores.ts';
import { nameConstraints, parseConstraints } from '../../src/pki/x509/name-constraints.ts';
import { readTarget } from '../../src/doctor/target.ts';
import { AppError } from '../../src/lib/errors.ts';
import { AUTHORITY, SERVER, craft, extension, type Crafted } from '../pki/craft.ts';

const CLIENT = { isRoot: false, isServer: false, login: 'docker login' } as const;
const ROOT = { isRoot: true, isServer: false, login: 'docker login' } as const;
const ON_SERVER = { isRoot: false, isServer: true, login: 'docker login' } as const;
const NOW = new Date();

/** `✓ why`, or `✗ why` and its cure. */
const shown = ({ verdict, why, cure }: Check): string =>
  `${{ fine: '✓', wrong: '✗', skipped: '–' }[verdict]} ${why}${cure === undefined ? '' : `\n${cure}`}`;

const answer = (more: Partial<Answer> = {}): Answer => ({
  kind: 'answer',
  status: 401,
  headers: {
    'docker-distribution-api-version': 'registry/2.0',
    'www-authenticate': 'Basic realm="r"',
    date: NOW.toUTCString(),
  },
  text: '',
  chain: [],
  ...more,
});

const network = (more: Partial<NetworkFacts> = {}): NetworkFacts => ({
  lookupFault: undefined,
  reached: [{ address: '10.0.0.5', fault: undefined }],
  secure: answer(),
  plain: undefined,
  authority: undefined,
  neighbours: [],
  asked: { from: NOW.getTime() - 50, until: NOW.getTime() + 50 },
  ...more,
});

const TARGET = readTarget('registry.lan');

describe('the name', () => {
  it.each([
    ['registry.lan', '✓ image names begin with registry.lan/'],
    ['registry.lan:443', '✓ image names begin with registry.lan/'],
    ['[::1]:5000', '✓ image names begin with [::1]:5000/'],
    ['localhost', '✓ image names begin with localhost/'],
    ['registry:5000', '✓ image names begin with registry:5000/'],
    ['registry', /^✗ clients take registry\/IMAGE for an image of Docker Hub.*\ndocker login registry:443$/s],
    [
      'http://registry.lan',
      /^✗ image names begin with registry.lan, .*\nregistry-gate doctor registry.lan$/s,
    ],
    ['registry.lan/', /^✗ image names begin with registry.lan/],
    [
      'my_host:5000',
      /^✗ "my_host:5000" is no host .*underscore.*\nregistry-gate certs renew --host my-host$/s,
    ],
    ['1.2.3.256', /^✗ .*looks like an IPv4 address.*\nregistry-gate certs renew --host NAME-OR-ADDRESS$/s],
    ['*.lan.home', /^✗ \*\.lan\.home is a wildcard/],
  ])('%s', (typed, expected) => {
    expect(shown(checkName(readTarget(typed), CLIENT))).toMatch(expected);
  });
});

describe('the way to it', () => {
  const refused = { kind: 'fault', code: 'ECONNREFUSED' } as const;
  const closed = { reached: [{ address: '10.0.0.5', fault: refused }], secure: undefined };

  it.each([
    ['is open', {}, CLIENT, ['✓ registry.lan is 10.0.0.5', '✓ 443 is open']],
    [
      'begins with an unknown name',
      { lookupFault: 'ENOTFOUND', reached: [], secure: undefined },
      CLIENT,
      [
        /^✗ registry.lan leads to no address: .*\necho "ADDRESS registry.lan" \| sudo tee -a \/etc\/hosts$/s,
        /^–/,
      ],
    ],
    [
      'begins with an unknown name, on the server',
      { lookupFault: 'ENOTFOUND', reached: [], secure: undefined },
      ON_SERVER,
      [/\necho "127\.0\.0\.1 registry.lan" \| sudo tee -a \/etc\/hosts$/, /^–/],
    ],
    [
      'is closed',
      closed,
      CLIENT,
      [/^✓/, /^✗ no connection to 10\.0\.0\.5 \(ECONNREFUSED\).*\nregistry-gate health$/s],
    ],
    ['is closed, on the server', closed, ON_SERVER, [/^✓/, /^✗ .*\nregistry-gate serve$/s]],
    [
      'is closed, with a registry beside it',
      { ...closed, neighbours: [{ port: 8443, answer: answer() }] },
      CLIENT,
      [/^✓/, /^✗ .* answers on 8443: use registry.lan:8443\ndocker login registry.lan:8443$/s],
    ],
    [
      'is open at one address of two',
      {
        reached: [
          { address: '10.0.0.6', fault: refused },
          { address: '10.0.0.5', fault: undefined },
        ],
      },
      ROOT,
      [
        /^✓/,
        /^✗ 443 is open at 10\.0\.0\.5, and not at 10\.0\.0\.6 .*\necho "10\.0\.0\.5 registry.lan" \| tee -a/s,
      ],
    ],
  ] as const)('%s', (_name, more, here, expected) => {
    const checks = checkRoute(TARGET, network(more), here).map(shown);
    expected.forEach((one, at) => expect(checks[at]).toMatch(one));
    expect(checks).toHaveLength(expected.length);
  });
});

describe('who answers', () => {
  const pem = craft({ name: 'root', extensions: AUTHORITY }).pem;

  it.each([
    ['a gate', { authority: answer({ status: 200, text: pem }) }, CLIENT, '✓ a registry-gate, by TLS'],
    ['another registry', {}, CLIENT, '✓ a registry, by TLS'],
    [
      'nginx with a page',
      { secure: answer({ status: 404, headers: { server: 'nginx', 'content-type': 'text/html' } }) },
      CLIENT,
      /^✗ what answers by TLS is no registry: GET \/v2\/ gives 404 \(nginx\).*\nss -ltnp 'sport = :443'$/s,
    ],
    [
      'a front without its registry',
      { secure: answer({ status: 502, headers: {} }) },
      CLIENT,
      /^✗ .*502.*\nregistry-gate config check --connect$/s,
    ],
    [
      'a registry without TLS',
      { secure: { kind: 'fault', code: 'EPROTO' }, plain: answer({ status: 200 }) },
      CLIENT,
      /^✗ a registry without TLS answers on 443, .*HTTP response to HTTPS client.*on the server\nregistry-gate up --host registry\.lan --backend http:\/\/127\.0\.0\.1:443$/s,
    ],
    [
      'a registry without TLS, with a gate beside it',
      {
        secure: { kind: 'fault', code: 'EPROTO' },
        plain: answer({ status: 200 }),
        neighbours: [{ port: 8443, answer: answer() }],
      },
      CLIENT,
      /use registry\.lan:8443\ndocker login registry\.lan:8443$/,
    ],
    [
      'neither',
      {
        secure: { kind: 'fault', code: 'ECONNRESET' },
        plain: { kind: 'fault', code: 'HPE_INVALID_CONSTANT' },
      },
      CLIENT,
      /^✗ somebody listens on 443, but speaks neither TLS \(ECONNRESET\) nor HTTP/,
    ],
    ['nobody', { secure: undefined }, CLIENT, /^–/],
  ] as const)('%s', (_name, more, here, expected) => {
    expect(shown(checkAnswer(TARGET, network(more), here))).toMatch(expected);
  });

  it.each([
    ['a second off', 1000, /^✓/],
    [
      'an hour behind',
      -3_600_000,
      /^✗ that of the server is 60 min behind ours.*\nsudo timedatectl set-ntp true$/s,
    ],
    ['three days ahead', 3 * 86_400_000, /^✗ that of the server is 3 days ahead of ours/],
  ])('its clock is %s', (_name, offset, expected) => {
    const date = new Date(NOW.getTime() + offset).toUTCString();
    expect(shown(checkClock(network({ secure: answer({ headers: { date } }) }), CLIENT))).toMatch(expected);
  });

  it('says nothing of a clock that is not shown', () => {
    expect(shown(checkClock(network({ secure: answer({ headers: {} }) }), CLIENT))).toMatch(/^–/);
  });
});

const root = craft({ name: 'root', extensions: AUTHORITY });
const sameName = craft({ name: 'root', extensions: AUTHORITY });
const certificate = ({ pem }: Crafted): X509Certificate => new X509Certificate(pem);
const SERVER_WITHOUT_NAMES = SERVER.filter(({ id }) => id !== extension.names('a.lan').id);
const leafFor = (names: readonly string[], more = {}): X509Certificate =>
  certificate(
    craft({
      name: 'leaf',
      issuer: root,
      extensions: [...SERVER_WITHOUT_NAMES, extension.names(...names)],
      ...more,
    }),
  );
const none: AuthorityHints = {
  ownAuthority: undefined,
  givenAuthority: undefined,
  fingerprint: undefined,
  trusted: [],
};

describe('the certificate', () => {
  const known = findAuthority([leafFor(['registry.lan'])], undefined, { ...none, ownAuthority: root.pem });
  const check = (typed: string, leaf: X509Certificate, here = CLIENT as typeof CLIENT | typeof ON_SERVER) =>
    checkCertificate(readTarget(typed), { chain: [leaf], authority: known, now: NOW, here }).map(shown);

  it.each([
    ['is good', 'registry.lan', leafFor(['registry.lan']), [/^✓ valid for \d+ more days/, /^✓/]],
    [
      'is for another name',
      'other.lan',
      leafFor(['registry.lan', '10.0.0.5']),
      [
        /^✓/,
        /^✗ .*names registry\.lan, 10\.0\.0\.5, and not other\.lan\. On the server\nregistry-gate certs renew --host other\.lan$/s,
      ],
    ],
    ['lacks an address', '10.0.0.6', leafFor(['registry.lan']), [/^✓/, /renew --host 10\.0\.0\.6$/]],
    [
      'names no host',
      'registry.lan',
      certificate(craft({ name: 'registry.lan', issuer: root, extensions: SERVER_WITHOUT_NAMES })),
      [/^✓/, /^✗ .*no host \(it has no subjectAltName, and clients do not read the common name\)/],
    ],
    [
      'has expired',
      'registry.lan',
      leafFor(['registry.lan'], { from: -30, until: -1 }),
      [
        /^✗ the certificate of the server expired on .*On the server\nregistry-gate certs renew --force$/s,
        /^✓/,
      ],
    ],
    [
      'is of the future',
      'registry.lan',
      leafFor(['registry.lan'], { from: 5, until: 90 }),
      [/^✗ .*is valid from .*\nsudo timedatectl set-ntp true$/s, /^✓/],
    ],
  ] as const)('%s', (_name, typed, leaf, expected) => {
    const checks = check(typed, leaf);
    expected.forEach((one, at) => expect(checks[at]).toMatch(one));
  });

  it('is for a name that its CA may not sign', () => {
    const narrow = craft({
      name: 'root',
      extensions: [...AUTHORITY, nameConstraints(parseConstraints('registry.lan'))],
    });
    const leaf = certificate(
      craft({
        name: 'leaf',
        issuer: narrow,
        extensions: [...SERVER_WITHOUT_NAMES, extension.names('registry.lan')],
      }),
    );
    const authority = findAuthority([leaf], undefined, { ...none, ownAuthority: narrow.pem });
    const given = { chain: [leaf], authority, now: NOW, here: CLIENT };
    const [, names] = checkCertificate(readTarget('other.example'), given).map(shown);
    expect(names).toMatch(/Its CA may sign .*registry\.lan.* only, so that the name needs a new CA/);
    expect(names).toMatch(/ && registry-gate certs init --host registry\.lan --host other\.example$/);
  });

  it('names the command alone where it is to be typed here', () => {
    expect(check('other.lan', leafFor(['registry.lan']), ON_SERVER)[1]).not.toContain('On the server');
  });
});

describe('the CA of a server', () => {
  const chain = [leafFor(['registry.lan'])];
  const download = answer({ status: 200, text: root.pem });
  const sha256 = certificate(root).fingerprint256.replaceAll(':', '').toLowerCase();

  it.each([
    [
      'is that of the configuration',
      { ownAuthority: root.pem },
      undefined,
      { source: 'configuration', isProven: true },
    ],
    ['is that of a file', { givenAuthority: root.pem }, undefined, { source: 'file', isProven: true }],
    ['is what the server says, and nobody proves', {}, download, { source: 'gate', isProven: false }],
    ['is proven by its fingerprint', { fingerprint: sha256 }, download, { source: 'gate', isProven: true }],
    [
      'is proven by a trust store',
      { trusted: [certificate(root)] },
      download,
      { source: 'gate', isProven: true },
    ],
    [
      'is not one with its name alone',
      { ownAuthority: sameName.pem },
      download,
      { source: 'gate', isProven: false },
    ],
  ] as const)('%s', (_name, hints, seen, expected) => {
    expect(findAuthority(chain, seen, { ...none, ...hints })).toMatchObject(expected);
  });

  it('is unknown if nothing signed the chain', () => {
    expect(findAuthority(chain, answer({ status: 200, text: sameName.pem }), none)).toBeUndefined();
  });

  it('is what a server sends that signed itself', () => {
    const alone = [...chain, certificate(root)];
    expect(findAuthority(alone, undefined, none)).toMatchObject({ source: 'chain', isProven: false });
  });
});

describe('trust', () => {
  const chain = [leafFor(['registry.lan'])];
  const authority = findAuthority(chain, answer({ status: 200, text: root.pem }), none);
  const folder = '/etc/docker/certs.d/registry.lan';
  const store = (more: Partial<StoreFacts> = {}): StoreFacts => ({
    client: 'docker',
    folders: [{ path: folder, files: [], others: [] }],
    trusted: [],
    system: '/bundle',
    isTold: false,
    missing: undefined,
    isStale: false,
    needsRoot: true,
    ...more,
  });
  const files = (...names: readonly string[]): Partial<StoreFacts> => ({
    folders: [{ path: folder, files: names, others: [] }],
  });
  const has = (one: Crafted, path: string): Partial<StoreFacts> => ({
    trusted: [{ certificate: certificate(one), path }],
  });

  it.each([
    ['is there', has(root, `${folder}/ca.crt`), {}, `✓ its CA is in ${folder}/ca.crt`],
    [
      'is missing',
      {},
      {},
      /^✗ .*unknown authority.*certs status must print for the CA [0-9a-f]{64}\nsudo registry-gate certs trust --for docker registry\.lan --from https:\/\/registry\.lan --fingerprint [0-9a-f]{64}$/s,
    ],
    [
      'is there for another port',
      { folders: [{ path: folder, files: [], others: ['registry.lan:5000'] }] },
      {},
      /only files for registry\.lan:5000/,
    ],
    [
      'is that of another CA of the same name',
      has(sameName, `${folder}/ca.crt`),
      {},
      /^✗ .*is another CA than that of the server.* --force --from/s,
    ],
    [
      'is called ca.pem',
      files('ca.pem'),
      {},
      `✗ ${folder}/ca.pem is read by nobody: the certificate of a CA ends with .crt\nsudo mv ${folder}/ca.pem ${folder}/ca.crt`,
    ],
    ['is called ca.cert', files('ca.cert'), {}, /missing key.*\nsudo mv \S+\/ca\.cert \S+\/ca\.crt$/s],
    ['has its key beside it', files('ca.crt', 'ca.key'), {}, /\nsudo mv \S+\/ca\.key \S+\/ca\.key\.moved$/],
    [
      'has a client certificate beside it',
      { ...files('ca.crt', 'client.cert', 'client.key'), ...has(root, `${folder}/ca.crt`) },
      {},
      /^✓/,
    ],
    [
      'is newer than the engine',
      { ...has(root, '/bundle'), isStale: true },
      {},
      /\nsudo systemctl restart docker$/,
    ],
    [
      'is newer than the engine, which need not read it',
      { ...has(root, `${folder}/ca.crt`), isStale: true },
      {},
      /^✓/,
    ],
    ['is not asked for on this machine', {}, { isLoopback: true }, /^–/],
    ['is public', {}, { isPublic: true }, '✓ its CA is a public one'],
    [
      'is unknown',
      {},
      { authority: undefined },
      /^✗ .*Get its file.*\nsudo registry-gate certs trust --for docker registry\.lan --ca ca\.crt$/s,
    ],
    ['is kept by a program', { client: 'java', isTold: true }, {}, '✓ it knows the CA of the server'],
    ['is set up by half', { client: 'k3s', missing: '/registries.yaml', ...has(root, '/ca.crt') }, {}, /^✗/],
  ] as const)('%s', (_name, more, given, expected) => {
    const all = { chain, authority, isPublic: false, isLoopback: false, here: CLIENT, ...given };
    expect(shown(checkTrust(TARGET, store(more), all))).toMatch(expected);
  });

  it('is fixed only where the CA is proven, and this user may', () => {
    const proven = authority && { ...authority, isProven: true };
    const given = { chain, isPublic: false, isLoopback: false, here: ROOT };
    const fixOf = (one: StoreFacts, by: typeof authority) =>
      checkTrust(TARGET, one, { ...given, authority: by }).fix;
    expect(fixOf(store({ needsRoot: false }), proven)).toEqual({ kind: 'trust', client: 'docker' });
    expect(fixOf(store({ needsRoot: false }), authority)).toBeUndefined();
    expect(fixOf(store(), proven)).toBeUndefined();
  });
});

describe('proxies', () => {
  it.each([
    ['registry.lan', 'registry.lan', true],
    ['registry.lan', 'lan', true],
    ['registry.lan', '.lan', true],
    ['lan', '.lan', false],
    ['registry.lan', '*.lan', true],
    ['registry.lan', 'istry.lan', false],
    ['registry.lan:5000', 'registry.lan:443', false],
    ['registry.lan:5000', 'other, registry.lan:5000', true],
    ['10.0.0.5', '10.0.0.0/8', true],
    ['10.0.0.5', '10.0.0.5', true],
    ['10.0.0.5', '0.0.5', false],
    ['[fd00::1]:5000', '[fd00::1]:5000', true],
    ['registry.lan', '*', true],
    ['localhost:5000', '', true],
    ['127.0.0.9', '', true],
    ['registry.lan', '', false],
  ])('are not used for %s if NO_PROXY is %j: %s', (typed, exceptions, expected) => {
    expect(isExcepted(readTarget(typed), exceptions)).toBe(expected);
  });

  const setting = { where: '/etc/f', proxy: 'http://proxy:3128', exceptions: 'a.lan' };
  it.each([
    ['environment', /\nexport NO_PROXY=a\.lan,registry\.lan no_proxy=a\.lan,registry\.lan$/],
    ['systemd', /\nsudo mkdir -p .*NO_PROXY=a\.lan,registry\.lan.*systemctl restart docker$/s],
    ['engine', /systemctl daemon-reload/],
    [
      'daemon',
      /\nsudo sed -i .*"no-proxy": "a\.lan,registry\.lan".* \/etc\/f && sudo systemctl restart docker$/s,
    ],
    ['containers', /^–/],
  ] as const)('of the %s are to except a private address', (kind, expected) => {
    const [check] = checkProxies(TARGET, ['10.0.0.5'], [{ kind, ...setting }], CLIENT);
    expect(check && shown(check)).toMatch(expected);
  });

  it('are left to a public address', () => {
    const [check] = checkProxies(TARGET, ['203.0.113.5'], [{ kind: 'environment', ...setting }], CLIENT);
    expect(check?.verdict).toBe('fine');
  });

  it.each([
    ['none', undefined, true, /^✓/],
    [
      'one',
      { path: '/d.json', entry: 'registry.lan' },
      true,
      /^✗ .*\nsudo sed -z -i .*systemctl reload docker$/s,
    ],
    ['one without TLS', { path: '/d.json', entry: 'registry.lan' }, false, /^–/],
  ])('insecure-registries: %s', (_name, found, hasTls, expected) => {
    expect(shown(checkInsecure(found, hasTls, CLIENT))).toMatch(expected);
  });
});

describe('an account', () => {
  const facts = (more: Partial<AccountFacts> = {}): AccountFacts => ({
    user: 'alice',
    signIn: undefined,
    repository: 'probe',
    push: undefined,
    pull: undefined,
    removal: undefined,
    ...more,
  });
  const error = (code: 'SIGN_IN_FAILED' | 'REGISTRY_REFUSED' | 'REGISTRY_UNREACHABLE') => ({
    error: new AppError(code, { message: 'It would not.' }),
  });

  it.each([
    ['may do all', facts(), ['✓ as alice', /^✓/, /^✓/, /^✓/]],
    [
      'is refused',
      facts({ signIn: error('SIGN_IN_FAILED') }),
      ['✗ It would not\ndocker login -u alice registry.lan'],
    ],
    [
      'is none',
      facts({ user: undefined, signIn: error('SIGN_IN_FAILED') }),
      [/^– no sign-in for registry\.lan/],
    ],
    [
      'may not push',
      facts({ push: error('REGISTRY_REFUSED'), pull: { untried: 'x' } }),
      ['✓ as alice', '✗ It would not\nregistry-gate access check alice push probe', '– x', /^✓/],
    ],
    [
      'may not remove',
      facts({ removal: error('REGISTRY_REFUSED') }),
      [/^✓/, /^✓/, /^✓/, /^– this account may not/],
    ],
    [
      'meets a fault',
      facts({ pull: error('REGISTRY_UNREACHABLE') }),
      [/^✓/, /^✓/, /^✗ .*\nregistry-gate config check --connect$/s, /^✓/],
    ],
    ['is not tried', undefined, ['– because']],
  ] as const)('%s', (_name, given, expected) => {
    const checks = checkAccount(TARGET, given, { reason: 'because', here: CLIENT }).map(shown);
    expected.forEach((one, at) => expect(checks[at]).toMatch(one));
    expect(checks).toHaveLength(expected.length);
  });

  it.each([
    ['Basic realm="x"', 401, /^✓ a password/],
    ['Bearer realm="https://registry.lan/token",service="s"', 401, '✓ tokens (Bearer)'],
    ['Bearer realm="https://auth.lan/token"', 401, /^✓ tokens \(Bearer\) from auth\.lan/],
    ['Bearer realm="http://registry.lan/token"', 401, /^✗ .*not https/],
    ['', 200, /^✓ the registry wants no sign-in/],
    ['', 403, /^–/],
  ])('is asked for by %j', (challenge, status, expected) => {
    const headers = { 'www-authenticate': challenge };
    expect(shown(checkChallenge(TARGET, answer({ status, headers })))).toMatch(expected);
  });
});

describe('the server', () => {
  const backend = (more: Partial<BackendFacts> = {}): BackendFacts => ({
    text: 'http://127.0.0.1:5000',
    port: 5000,
    isEmbedded: false,
    fault: undefined,
    openAt: [],
    deletes: true,
    hasSecret: true,
    ...more,
  });

  it.each([
    ['is in order', backend(), [/^✓/, /^✓/, /^✓/, /^✓/]],
    ['is embedded', backend({ isEmbedded: true }), [/^✓/]],
    [
      'does not answer',
      backend({ fault: { reason: 'the registry answers 401', cure: 'give the gate a user' } }),
      [
        /^✗ .*the registry answers 401\. To fix it, give the gate a user\nregistry-gate config check --connect$/s,
      ],
    ],
    [
      'is reached around the gate',
      backend({ openAt: ['10.0.0.5'] }),
      [
        /^✓/,
        /^✗ whoever reaches 10\.0\.0\.5 on port 5000 needs no password.*\nsudo iptables -I INPUT -p tcp --dport 5000 ! -i lo -j DROP$/s,
      ],
    ],
    ['is elsewhere', backend({ openAt: undefined }), [/^✓/, /^–/]],
    [
      'deletes nothing',
      backend({ deletes: false, hasSecret: false }),
      [/^✓/, /^✓/, /^– .*DELETE_ENABLED/, /^– .*HTTP_SECRET/],
    ],
  ] as const)('has a registry that %s', (_name, facts, expected) => {
    const checks = checkBackend(facts, CLIENT).map(shown);
    expected.forEach((one, at) => expect(checks[at]).toMatch(one));
  });

  it('has files that others may not read', () => {
    const files = [
      { path: 'ca.key', mode: 0o600 },
      { path: 'a b', mode: 0o644 },
      { path: 'htpasswd', mode: undefined },
    ];
    expect(shown(checkPermissions(files))).toBe("✗ others may read a b (mode 0644)\nchmod 600 'a b'");
    expect(shown(checkPermissions(files.slice(0, 1)))).toMatch(/^✓/);
  });

  it('has passwords that are hard to guess', () => {
    expect(shown(checkUsers(2, 'htpasswd', ['bob']))).toMatch(/^✗ .*bob.*\nregistry-gate users passwd bob$/s);
    expect(shown(checkUsers(2, 'htpasswd', []))).toBe('✓ 2 in htpasswd');
  });

  it('has descriptors and room', () => {
    expect(shown(checkDescriptors(1024))).toMatch(/^✗ .*\nulimit -n 65536$/s);
    expect(shown(checkDescriptors(65_536))).toMatch(/^✓/);
    expect(shown(checkDescriptors(undefined))).toMatch(/^–/);
    const disk = { use: 'images', path: '/srv', free: 5e8, size: 1e12, freeFiles: 5, files: 100 } as const;
    expect(shown(checkDisk(disk))).toBe('✗ 0.5 of 1000 GB free for /srv\nregistry-gate gc');
    expect(shown(checkDisk({ ...disk, free: 9e11 }))).toMatch(/^✓/);
    expect(shown(checkDisk({ ...disk, free: 9e11, freeFiles: 0 }))).toMatch(/^✗ 0 of 100 files/);
  });

  it.each([
    ['ours', /^✓/],
    ['free', /^✗ .*\nregistry-gate serve$/s],
    ['foreign', /^✗ another program has it.*\nsudo ss -ltnp 'sport = :443'$/s],
    ['forbidden', /^✗ .*below 1024.*\nsudo sysctl net\.ipv4\.ip_unprivileged_port_start=443$/s],
  ] as const)('has a port that is %s', (state, expected) => {
    expect(shown(checkListen({ text: ':443', state, unprivilegedFrom: 1024 }, CLIENT))).toMatch(expected);
  });

  it.each([
    ['Make it: registry-gate certs init --host NAME (or that)', 'registry-gate certs init --host NAME'],
    [
      'Do: mkdir -p certs/old && mv ca.crt certs/old && registry-gate certs init --host a.lan',
      'mkdir -p certs/old && mv ca.crt certs/old && registry-gate certs init --host a.lan',
    ],
    ['Give it, as root: chown 1000:1000 /srv/certs.', 'chown 1000:1000 /srv/certs'],
    ['Look at it.', undefined],
  ])('takes the command out of %j', (hint, expected) => {
    expect(commandIn(hint)).toBe(expected);
  });
});
