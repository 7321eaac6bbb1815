import { randomBytes } from 'node:crypto';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { run } from '../support/programs.ts';
import { sendRaw } from '../support/raw-client.ts';
import { describeWith } from '../support/requires.ts';
import { get } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

/** Mozilla's intermediate profile, guideline 6.0, for a certificate with an ECDSA key. */
const SUITES = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];
const CURVES = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'];

type Shake =
  | { readonly kind: 'ok'; readonly protocol: string | null; readonly alpn: string | false | null }
  | { readonly kind: 'refused' };

describe('TLS', () => {
  const fixture = useCaseFixture();

  const shake = (options: ConnectionOptions): Promise<Shake> =>
    new Promise((resolve) => {
      const { port, ca } = fixture().gate;
      const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca, ...options }, () => {
        resolve({ kind: 'ok', protocol: socket.getProtocol(), alpn: socket.alpnProtocol });
        socket.destroy();
      });
      socket.once('error', () => resolve({ kind: 'refused' }));
    });

  const isAlive = async (): Promise<boolean> =>
    (await fixture().send(get('/v2/', 'Connection: close'))).answers[0]?.status === 200;

  it.each<readonly [string, ConnectionOptions, string | undefined]>([
    ['TLS 1.3', { minVersion: 'TLSv1.3' }, 'TLSv1.3'],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }, 'TLSv1.2'],
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }, undefined],
    ['TLS 1.0', { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }, undefined],
    [
      'TLS 1.2 in CBC mode',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA' },
      undefined,
    ],
    ['TLS 1.2 in CCM mode', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-CCM' }, undefined],
    ['TLS 1.3 in CCM mode', { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_CCM_SHA256' }, undefined],
    ['a key exchange by RSA', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }, undefined],
    ['DHE', { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256' }, undefined],
    ['the group P-521', { ecdhCurve: 'secp521r1' }, undefined],
    ['the group X448', { ecdhCurve: 'X448' }, undefined],
    ...CURVES.map((curve) => [`the group ${curve}`, { ecdhCurve: curve }, 'TLSv1.3'] as const),
    ...SUITES.map(
      (suite) =>
        [
          suite,
          { ciphers: suite, ...(suite.startsWith('TLS_') ? {} : { maxVersion: 'TLSv1.2' as const }) },
          suite.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2',
        ] as const,
    ),
  ])('%s', async (_name, options, protocol) => {
    expect(await shake(options)).toMatchObject(
      protocol === undefined ? { kind: 'refused' } : { kind: 'ok', protocol },
    );
  });

  it.each<readonly [string, readonly string[], Shake['kind'], string | false | undefined]>([
    ['http/1.1 alone', ['http/1.1'], 'ok', 'http/1.1'],
    ['h2 before http/1.1', ['h2', 'http/1.1'], 'ok', 'http/1.1'],
    ['h2 alone', ['h2'], 'refused', undefined],
    ['nothing', [], 'ok', false],
  ])('ALPN of a client that offers %s', async (_name, ALPNProtocols, kind, alpn) => {
    expect(await shake({ ALPNProtocols: [...ALPNProtocols] })).toMatchObject({
      kind,
      ...(alpn === undefined ? {} : { alpn }),
    });
  });

  it.each([
    'localhost',
    'LOCALHOST',
    'xn--a',
    'a.'.repeat(100),
    'x'.repeat(255),
    '*.example',
    '..',
    '\u0001',
  ])('the server name %j gets the certificate or an alert, and harms nobody', async (servername) => {
    expect(['ok', 'refused']).toContain((await shake({ servername, rejectUnauthorized: false })).kind);
    expect(await isAlive()).toBe(true);
  });

  it.each<readonly [string, string | Buffer]>([
    ['plain HTTP', get('/v2/')],
    ['plain HTTP with a body', `POST /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['random bytes', randomBytes(4096)],
    ['a hello of SSL 2', Buffer.from('802e0100020015000000100100800300800700c0050080060040', 'hex')],
    ['half a TLS hello', Buffer.from('16030100ff010000fb0303', 'hex')],
    ['a TLS record of 64 KiB', Buffer.concat([Buffer.from('160301ffff', 'hex'), Buffer.alloc(65_535)])],
    ['an alert', Buffer.from('15030100020228', 'hex')],
    ['zeros', Buffer.alloc(1000)],
    ['nothing', ''],
    ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['a proxy line', 'PROXY TCP4 10.0.0.1 10.0.0.2 1 443\r\n'],
  ])('%s, without TLS, ends the connection and nothing else', async (_name, bytes) => {
    const outcome = await sendRaw({ port: fixture().gate.port, bytes, finish: true });
    expect(outcome.answers.filter(({ status }) => status !== 400)).toEqual([]);
    expect(
      outcome.answers.flatMap(({ headers }) => headers.filter(([name]) => name === 'www-authenticate')),
    ).toEqual([]);
    expect(await isAlive()).toBe(true);
  });

  it('strangers on the port do not fill the log', () => {
    const told = fixture().gate.log.filter((line) => /handshake failed|plain HTTP/.test(line));
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(2);
  });

  describeWith(['openssl'], 'judged by openssl', () => {
    it.each(['-tls1', '-tls1_1'])('%s is refused', async (version) => {
      const args = [
        's_client',
        version,
        '-cipher',
        'ALL:@SECLEVEL=0',
        '-connect',
        `127.0.0.1:${fixture().gate.port}`,
      ];
      const { status, output } = await run('openssl', args, { input: '' });
      expect(status).not.toBe(0);
      expect(output).toContain('alert protocol version');
    });

    it.each(['-tls1_2', '-tls1_3'])('%s is served', async (version) => {
      const args = [
        's_client',
        version,
        '-alpn',
        'h2,http/1.1',
        '-connect',
        `127.0.0.1:${fixture().gate.port}`,
      ];
      const { status, stdout } = await run('openssl', args, { input: '' });
      expect(status).toBe(0);
      expect(stdout).toContain('ALPN protocol: http/1.1');
      expect(stdout).toMatch(/Compression: NONE/);
    });
  });

  describeWith(['sslscan'], 'judged by sslscan', () => {
    it('offers these suites and no other', async () => {
      const { stdout } = await run('sslscan', [
        '--no-colour',
        '--no-heartbleed',
        `127.0.0.1:${fixture().gate.port}`,
      ]);
      const offered = [...stdout.matchAll(/^(?:Accepted|Preferred)\s+TLSv[\d.]+\s+\d+ bits\s+(\S+)/gm)].map(
        (match) => match[1],
      );
      expect(offered.toSorted()).toEqual(SUITES);
      const versions = [...stdout.matchAll(/^(\S+)\s+enabled$/gm)].map((match) => match[1]);
      expect(versions).toEqual(['TLSv1.2', 'TLSv1.3']);
    });
  });
});
