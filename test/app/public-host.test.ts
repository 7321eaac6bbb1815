import { afterEach, describe, expect, it } from 'vitest';
import { hostIn } from '../../src/http/peer/front-proxies.ts';
import { askThrough } from '../support/front.ts';
import { startRecordingBackend } from '../support/recording-backend.ts';
import { startTestGate, type TestGate, type TestGateOptions } from '../support/test-gate.ts';
import { headerOf } from '../support/wire.ts';

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
  open = [];
});

const FRONT = { networks: ['127.0.0.1'], protocol: 'x-forwarded-for' } as const;
const NO_FRONT = { networks: [], protocol: 'x-forwarded-for' } as const;

async function stage(config: TestGateOptions['config']) {
  const backend = await startRecordingBackend();
  open.push(backend);
  const gate = await startTestGate({ backend: backend.url, config: { ...bearer(), ...config } });
  open.push(gate);
  return { gate, backend };
}

function bearer(): NonNullable<TestGateOptions['config']> {
  const auth = { realm: 'Registry', cacheSeconds: 300, challenge: 'bearer', service: 'gate' } as const;
  return { auth: { ...auth, tokenSeconds: 3600, identityTokens: true, backendTokens: false } };
}

/** Where a client that shows nothing is sent for a token. */
async function realmOf(gate: TestGate, lines: readonly string[] = []): Promise<string | undefined> {
  const [answer] = await askThrough(
    { ...gate, authorization: 'Bearer none' },
    { lines, target: 'GET /v2/ HTTP/1.1' },
  );
  const challenge = answer?.header('www-authenticate') ?? '';
  return /realm="([^"]*)"/.exec(challenge)?.[1];
}

const warnings = (gate: TestGate): string[] => gate.log.filter((line) => JSON.parse(line).level === 40);

describe('the realm of a token', () => {
  it('is at the Host of the client', async () => {
    const { gate } = await stage({ frontProxies: NO_FRONT });
    expect(await realmOf(gate)).toBe('https://localhost/token');
    expect(warnings(gate).filter((line) => line.includes('publicUrl'))).toEqual([]);
  });

  it('is at publicUrl where that is set, and so is what the registry is told', async () => {
    const { gate, backend } = await stage({ frontProxies: FRONT, publicUrl: 'registry.example.com:8443' });
    const lines = ['X-Forwarded-Host: other.example.com'];
    expect(await realmOf(gate, lines)).toBe('https://registry.example.com:8443/token');
    await askThrough(gate, { lines });
    const [request] = backend.take().flatMap(({ requests }) => requests);
    expect(request && headerOf(request, 'x-forwarded-host')).toBe('registry.example.com:8443');
  });

  it.each([
    ['of a front that is believed', FRONT, 'registry.example.com', 'https://registry.example.com/token'],
    [
      'of several fronts: the last',
      FRONT,
      'evil.example, registry.lan:8443',
      'https://registry.lan:8443/token',
    ],
    ['that is no host', FRONT, 'a b"c', 'https://localhost/token'],
    ['of anybody else', NO_FRONT, 'evil.example', 'https://localhost/token'],
  ])('and X-Forwarded-Host %s', async (_name, frontProxies, header, realm) => {
    const { gate } = await stage({ frontProxies });
    expect(await realmOf(gate, [`X-Forwarded-Host: ${header}`])).toBe(realm);
  });

  it('that the certificate is not for is one line in the log, with the option', async () => {
    const { gate } = await stage({ frontProxies: FRONT });
    for (let count = 0; count < 3; count += 1) await realmOf(gate, ['X-Forwarded-Host: gate.internal']);
    const lines = warnings(gate).filter((line) => line.includes('publicUrl'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('https://gate.internal/token');
  });
});

describe('X-Forwarded-For of a peer that is not in frontProxies', () => {
  it('is dropped with one line in the log that names the option', async () => {
    const { gate } = await stage({ frontProxies: NO_FRONT });
    for (let count = 0; count < 3; count += 1)
      await askThrough(gate, { lines: ['X-Forwarded-For: 192.0.2.9'] });
    const lines = warnings(gate).filter((line) => line.includes('X-Forwarded-For'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ address: '127.0.0.1' });
    expect(lines[0]).toContain('frontProxies.networks');
  });
});

describe('hostIn', () => {
  it.each([
    ['registry.lan', 'registry.lan'],
    ['a, b.example:5000', 'b.example:5000'],
    ['[2001:db8::1]:443', '[2001:db8::1]:443'],
    ['', undefined],
    ['a,', undefined],
    ['http://a', undefined],
    ['a/b', undefined],
    ['a"b', undefined],
    ['ä.example', undefined],
  ])('%j is %j', (header, host) => {
    expect(hostIn(header)).toBe(host);
  });
});
