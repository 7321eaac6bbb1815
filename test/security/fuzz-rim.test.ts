import { BlockList, isIP } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { admit } from '../../src/http/admission.ts';
import { parseByteSize } from '../../src/config/values/byte-size.ts';
import { isInside, parseNetwork } from '../../src/lib/network.ts';
import { clientOf } from '../../src/http/peer/front-proxies.ts';
import { readProxyHeader } from '../../src/http/peer/proxy-protocol.ts';
import { responseHeaders } from '../../src/backend/proxy/heads.ts';
import { parseRegistryRequest } from '../../src/oci/request/parse.ts';
import { parseScope, renderScopes } from '../../src/oci/request/scope.ts';
import { parseBasicCredentials } from '../../src/auth/basic-credentials.ts';
import { reportFigures, sized } from '../support/hostile.ts';

const RUNS = sized(2000, 200_000);
const SEED = 20_261_122;
const tried: Record<string, number> = {};

/** Holds a property over as many inputs as this run affords, the same ones each time. */
function check<T>(what: string, inputs: fc.Arbitrary<T>, property: (input: T) => void): void {
  fc.assert(fc.property(inputs, property), { numRuns: RUNS, seed: SEED });
  tried[what] = (tried[what] ?? 0) + RUNS;
}

const text = (alphabet: string, maxLength = 40): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet), maxLength });
const anyBytes = fc.string({ unit: 'binary', maxLength: 60 }).map((it) => Buffer.from(it).toString('latin1'));

const DIGEST = `sha256:${'a'.repeat(64)}`;
const GOOD_TARGETS = [
  '/v2/',
  '/v2/_catalog?n=10&last=a',
  '/v2/team/app/manifests/latest',
  `/v2/a/blobs/${DIGEST}`,
  '/v2/a/blobs/uploads/?mount=' + DIGEST + '&from=b/c',
  '/v2/a/blobs/uploads/0b3f?_state=x%2Fy',
  '/v2/a/tags/list?n=5',
  `/v2/a/referrers/${DIGEST}?artifactType=x`,
];
const MORSELS = [
  '/',
  '//',
  '/..',
  '/./',
  '%2f',
  '%2e',
  '%3A',
  '%00',
  '#',
  '?',
  '&',
  ';',
  '\\',
  '\t',
  '..',
  '@',
  ':',
  'Ä',
  ' ',
  'http://h',
];

/** A good target with pieces put in, taken out or doubled; or anything. */
const anyTarget = fc.oneof(
  fc
    .record({
      base: fc.constantFrom(...GOOD_TARGETS),
      cuts: fc.array(fc.record({ at: fc.nat(120), drop: fc.nat(6), put: fc.constantFrom('', ...MORSELS) }), {
        maxLength: 3,
      }),
    })
    .map(({ base, cuts }) =>
      cuts.reduce(
        (target, { at, drop, put }) =>
          target.slice(0, at % target.length || 1) + put + target.slice((at % target.length || 1) + drop),
        base,
      ),
    ),
  text('/v2abm.%2fF?&=:_-').map((it) => `/${it}`),
  anyBytes,
);
const anyMethod = fc.constantFrom(
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'get',
  '',
);

const head = (method: string, target: string): Parameters<typeof admit>[0] => ({
  method,
  target,
  httpVersion: '1.1',
  rawHeaders: ['Host', 'localhost'],
});

describe(`the parsers at the rim, ${RUNS} inputs each`, { timeout: 900_000 }, () => {
  afterAll(() => reportFigures('parsers at the rim', tried));

  it('R29: what is authorised is what is forwarded, and no server folds it into something else', () => {
    check('targets', fc.tuple(anyMethod, anyTarget), ([method, target]) => {
      if (admit(head(method, target), { headers: 100 }) !== undefined) return;
      const outcome = parseRegistryRequest(method, target);
      if (outcome.kind !== 'request') return;
      const { request } = outcome;
      const again = parseRegistryRequest(method, request.target);
      expect(again).toEqual({ kind: 'request', request: { ...request, query: expect.anything() } });
      const [path = ''] = request.target.split('?');
      const url = new URL(request.target, 'http://backend');
      expect([url.host, url.pathname, url.hash]).toEqual(['backend', path, '']);
      expect(decodeURIComponent(path)).toBe(path);
      expect(path).toMatch(/^\/v2\/[A-Za-z0-9:/._=+-]*$/);
    });
  });

  it('R10-R13: a head that is admitted can be framed and routed in one way', () => {
    const name = fc.constantFrom(
      ...'Host|host|Content-Length|CONTENT-LENGTH|Transfer-Encoding|Expect|Connection|Authorization'.split(
        '|',
      ),
      ...'Content-Type|X-Remote-User|X_Remote_User|__proto__|constructor|TE'.split('|'),
    );
    const value = fc.oneof(
      fc.constantFrom('localhost', 'a, b', 'u@h', '5', '05', '+5', '5, 5', '', 'chunked', 'gzip, chunked'),
      fc.constantFrom('Chunked', '100-continue', 'close', 'localhost:443', 'h:99999', '[::1]:5000', '0'),
      anyBytes,
    );
    const fields = fc.array(fc.tuple(name, value), { maxLength: 8 });
    check('heads', fc.tuple(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'), fields), ([method, given]) => {
      const rawHeaders = given.flat();
      if (admit({ ...head(method, '/v2/'), rawHeaders }, { headers: 100 }) !== undefined) return;
      const all = (wanted: string): readonly string[] =>
        given.filter(([it]) => it.toLowerCase() === wanted).map(([, it]) => it);
      expect(all('host')).toHaveLength(1);
      expect(all('host')[0]).toMatch(/^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/i);
      const [lengths, encodings] = [all('content-length'), all('transfer-encoding')];
      expect(lengths.length + encodings.length).toBeLessThanOrEqual(1);
      expect(lengths.every((it) => /^(0|[1-9]\d*)$/.test(it))).toBe(true);
      expect(encodings.every((it) => it.toLowerCase() === 'chunked')).toBe(true);
      const mayHaveBody = method === 'POST' || method === 'PUT';
      // Whether chunks hold a byte shows later, before anything else is done.
      expect(mayHaveBody || lengths.every((it) => it === '0')).toBe(true);
      expect(mayHaveBody || encodings.length === 0 || all('expect').length === 0).toBe(true);
      expect(all('authorization').length).toBeLessThanOrEqual(1);
    });
  });

  it('R80: credentials are read as they were written, or not at all', () => {
    const header = fc.oneof(
      fc
        .tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 80 }))
        .map(([user, password]) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`),
      fc
        .tuple(fc.constantFrom('Basic ', 'basic ', 'Bearer ', ''), text('dTpwA+/=-_ !', 30))
        .map(([a, b]) => a + b),
      anyBytes,
    );
    check('credentials', header, (given) => {
      const parsed = parseBasicCredentials(given);
      if (parsed.kind !== 'credentials') return;
      const { user, password } = parsed.credentials;
      const pair = `${user}:${password.reveal()}`;
      expect(Buffer.from(pair).toString('base64')).toBe(given.slice('basic '.length));
      expect(user).not.toContain(':');
      expect(pair).not.toMatch(/\p{Cc}/u);
    });
  });

  it('sizes: what is read is the number that stands there', () => {
    const units = { '': 1n, B: 1n, kB: 1000n, KB: 1000n, MB: 10n ** 6n, GiB: 1n << 30n, TiB: 1n << 40n };
    const sizes = fc.oneof(
      fc.tuple(fc.bigInt(0n, 10n ** 20n), fc.constantFrom(...Object.keys(units), 'mB', 'Gb', 'KIB')),
      fc.tuple(fc.constantFrom(0n, 1n, 2n ** 53n - 1n, 2n ** 53n), fc.constantFrom(...Object.keys(units))),
    );
    const scale = new Map<string, bigint>(Object.entries(units));
    check('sizes', sizes, ([number, unit]) => {
      const factor = scale.get(unit);
      const exact = factor === undefined ? undefined : number * factor;
      const expected = exact === undefined || exact > 2n ** 53n - 1n ? undefined : Number(exact);
      expect(parseByteSize(`${number}${unit}`)).toBe(expected);
    });
    check('sizes', text('0123456789 kKMGTiB.-+e_', 8), (given) => {
      expect(parseByteSize(given) === undefined || /^\d+ ?[kKMGT]?i?B?$/.test(given)).toBe(true);
    });
  });

  it('networks: inside and outside are what node:net finds', () => {
    const network = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 34 })),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 130 })),
      fc.tuple(
        fc.constantFrom('10.0.0.0', '0.0.0.0', '::', 'fd00::', '2001:db8::', '010.0.0.0', '::ffff:10.0.0.0'),
        fc.integer({ min: 0, max: 128 }),
      ),
    );
    check('networks', fc.tuple(network, fc.oneof(fc.ipV4(), fc.ipV6())), ([[base, bits], address]) => {
      const parsed = parseNetwork(`${base}/${bits}`);
      const width = isIP(base) === 4 ? 32 : 128;
      if (!parsed.ok || base.toLowerCase().includes('ffff:')) return;
      expect(bits).toBeLessThanOrEqual(width);
      const judge = new BlockList();
      judge.addSubnet(base, bits, isIP(base) === 4 ? 'ipv4' : 'ipv6');
      // An IPv4 address is in no IPv6 network here; BlockList looks at its mapped form.
      if (isIP(base) !== isIP(address)) return;
      if (address.toLowerCase().includes('ffff:')) return;
      expect(isInside(address, [parsed.network])).toBe(
        judge.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6'),
      );
    });
  });

  it('R170: a scope that is understood is understood again from what is made of it', () => {
    const scope = fc.oneof(
      fc
        .tuple(
          fc.constantFrom('repository', 'registry', 'repository(plugin)', '__proto__', ''),
          fc.oneof(
            fc.constantFrom('a', 'team/app', 'catalog', 'host:5000/a', '../a', 'a//b'),
            text('ab/.:_-', 12),
          ),
          text('pulshde,*', 12),
        )
        .map((parts) => parts.join(':')),
      anyBytes,
    );
    check('scopes', scope, (given) => {
      const parsed = parseScope(given);
      if (parsed === undefined) return;
      expect(renderScopes([parsed]) === '' ? parsed : parseScope(renderScopes([parsed]))).toEqual(parsed);
      expect(['repository', 'registry']).toContain(parsed.type);
      expect(parsed.name).toMatch(/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/);
    });
  });

  it('R47: Location and Link of the registry keep the client here, but for a layer in an object store', () => {
    const place = fc
      .tuple(
        fc.constantFrom('', 'http://', 'https://', 'HTTP://', '//', '///', 'javascript:', 'http:/', '\\\\'),
        fc.constantFrom('', 'backend:5000', 'evil.example', 'u@evil.example', '[::1]', 'BACKEND:5000'),
        fc.constantFrom('/v2/', '/v2', '/', '', '/v2/../', '/v2//', '/v2/@', '\\v2/'),
        text('a/.?#=&@:%2e\\', 12),
      )
      .map((parts) => parts.join(''));
    const base = new URL('https://gate.example/v2/a/blobs/uploads/');
    const context = {
      status: 202,
      route: 'uploads',
      authorities: ['gate.example', 'backend:5000'],
    } as const;
    check('places', place, (location) => {
      const outcome = responseHeaders({ location, link: `<${location}>; rel="next"` }, context);
      if (!outcome.ok) return;
      expect(new URL(outcome.headers['location'] ?? '', base).origin).toBe(base.origin);
      expect(outcome.headers['location']).toMatch(/^\/v2\//);
      const [, link = ''] = /^<([^>]*)>/.exec(outcome.headers['link'] ?? '') ?? [];
      expect(new URL(link, base).origin).toBe(base.origin);
    });
    check('places', place, (location) => {
      const moved = responseHeaders({ location }, { ...context, status: 307, route: 'manifest' });
      const to = moved.ok ? moved.headers['location'] : undefined;
      expect(new URL(to ?? '', base).origin).toBe(base.origin);
    });
  });

  it('R44: a PROXY header is whole, the beginning of one, or none, and says nothing about what comes after it', () => {
    const line = fc
      .tuple(
        fc.constantFrom('PROXY TCP4', 'PROXY TCP6', 'PROXY UNKNOWN', 'PROXY', 'proxy TCP4', 'PROXY UDP4'),
        fc.oneof(fc.ipV4(), fc.ipV6(), text('0123456789.:', 8)),
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.integer({ min: -1, max: 70_000 }),
        fc.constantFrom('\r\n', '\n', '', ' \r\n'),
      )
      .map(([word, from, to, port, end]) => Buffer.from(`${word} ${from} ${to} ${port} 443${end}`));
    const binary = fc
      .tuple(
        fc.constantFrom(0x20, 0x21, 0x22, 0x11),
        fc.constantFrom(0, 0x11, 0x21, 0x31, 0x12),
        fc.integer({ min: 0, max: 300 }),
      )
      .map(([command, kind, size]) =>
        Buffer.concat([
          Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
          Buffer.from([command, kind, size >> 8, size & 255]),
          Buffer.alloc(size, 7),
        ]),
      );
    const header = fc.oneof(
      line,
      binary,
      fc.uint8Array({ maxLength: 200 }).map((it) => Buffer.from(it)),
    );
    check(
      'PROXY headers',
      fc.tuple(header, fc.uint8Array({ maxLength: 20 }), fc.nat(400)),
      ([bytes, more, cut]) => {
        const whole = readProxyHeader(Buffer.concat([bytes, more]));
        if (whole.kind !== 'header') return;
        const { length, address } = whole;
        expect(length).toBeLessThanOrEqual(bytes.length + more.length);
        const exact = Buffer.concat([bytes, more]).subarray(0, length);
        expect(readProxyHeader(exact)).toEqual(whole);
        expect(readProxyHeader(exact.subarray(0, cut % length)).kind).toBe('partial');
        expect(address === undefined || isIP(address) > 0).toBe(true);
      },
    );
  });

  it('R44: X-Forwarded-For is believed as far as those are trusted who wrote it', () => {
    const trusted = ['10.0.0.0/8', '127.0.0.1', 'fd00::/8'].flatMap((it) => {
      const parsed = parseNetwork(it);
      return parsed.ok ? [parsed.network] : [];
    });
    const entry = fc.oneof(
      fc.constantFrom(
        '10.1.2.3',
        '127.0.0.1',
        '192.0.2.1',
        'fd00::1',
        '2001:db8::1',
        '10.1.2.3:80',
        'unknown',
        '',
        '[::1]:5',
      ),
      anyBytes.map((it) => it.replaceAll(',', '')),
    );
    const header = fc.array(entry, { maxLength: 6 });
    check(
      'X-Forwarded-For',
      fc.tuple(fc.constantFrom('10.9.9.9', '198.51.100.1'), header),
      ([peer, entries]) => {
        const client = clientOf(peer, entries.join(', '), trusted);
        expect(isIP(client)).toBeGreaterThan(0);
        expect(isInside(peer, trusted) || client === peer).toBe(true);
        // What a stranger has written to the left of itself changes nothing.
        const more = clientOf(peer, ['203.0.113.9', '10.0.0.1', ...entries].join(', '), trusted);
        expect(isInside(client, trusted) || more === client).toBe(true);
      },
    );
  });
});
