import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALLOWED_METHODS, admit, type RequestHead } from '../../src/http/admission.ts';

const LIMITS = { headers: 100 };

function head(parts: Partial<RequestHead> = {}): RequestHead {
  return { method: 'GET', target: '/v2/', httpVersion: '1.1', rawHeaders: ['Host', 'h'], ...parts };
}

/** Header fields after the Host, written `Name: value`. */
function fields(...lines: readonly string[]): readonly string[] {
  const rest = lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
  return ['Host', 'h', ...rest];
}

const post = (...lines: readonly string[]): RequestHead =>
  head({ method: 'POST', rawHeaders: fields(...lines) });

describe('admit', () => {
  it.each<readonly [string, RequestHead]>([
    ['a plain GET', head()],
    ['HTTP/1.0 with a Host', head({ httpVersion: '1.0' })],
    ['OPTIONS *', head({ method: 'OPTIONS', target: '*' })],
    ['a length', post('Content-Length: 5')],
    ['the largest length', post(`Content-Length: ${Number.MAX_SAFE_INTEGER}`)],
    ['a length of nothing where no body belongs', head({ rawHeaders: fields('Content-Length: 0') })],
    ['chunks', post('Transfer-Encoding: chunked')],
    ['a page of our own that changes something', post('Sec-Fetch-Site: same-origin')],
    ['a person that changes something', post('sec-fetch-site: none')],
    ['a page of another site that reads', head({ rawHeaders: fields('Sec-Fetch-Site: cross-site') })],
    ['an expectation', post('Expect: 100-continue', 'Content-Length: 5')],
    [
      'names that objects know',
      head({ rawHeaders: fields('__proto__: x', 'constructor: x', '__proto__: y') }),
    ],
    [
      'fields that may stand twice',
      head({ rawHeaders: fields('Accept: a/b', 'Accept: c/d', 'Cookie: a', 'Cookie: b') }),
    ],
    ['a hundred fields', head({ rawHeaders: fields(...Array.from({ length: 99 }, () => 'A: b')) })],
    ...ALLOWED_METHODS.map((method) => [method, head({ method })] as const),
  ])('lets through %s', (_name, request) => {
    expect(admit(request, LIMITS)).toBeUndefined();
  });

  it.each<readonly [string, number, RequestHead]>([
    ['HTTP/0.9', 505, head({ httpVersion: '0.9' })],
    ['HTTP/2.0', 505, head({ httpVersion: '2.0' })],
    [
      'a hundred and one fields',
      431,
      head({ rawHeaders: fields(...Array.from({ length: 100 }, () => 'A: b')) }),
    ],
    ['TRACE', 405, head({ method: 'TRACE' })],
    ['a method in small letters', 405, head({ method: 'get' })],
    ['a method that objects know', 405, head({ method: 'constructor' })],
    ['no Host', 400, head({ rawHeaders: [] })],
    ['two Hosts', 400, head({ rawHeaders: ['Host', 'h', 'hOST', 'h'] })],
    ['two lengths', 400, post('Content-Length: 5', 'CONTENT-LENGTH: 5')],
    ...['cross-site', 'same-site', 'Cross-Site', 'same-origin, cross-site', ''].map(
      (site) => [`a page of ${site} that changes something`, 403, post(`Sec-Fetch-Site: ${site}`)] as const,
    ),
    ['two origins', 400, post('Sec-Fetch-Site: same-origin', 'sec-fetch-site: cross-site')],
    ['two encodings', 400, post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['length and encoding', 400, post('Content-Length: 5', 'Transfer-Encoding: chunked')],
    ['length nothing and encoding', 400, post('Content-Length: 0', 'Transfer-Encoding: chunked')],
    ['an empty encoding', 400, post('Transfer-Encoding: ')],
    ['a length beyond what numbers hold', 400, post('Content-Length: 9007199254740992')],
    ['an empty length', 400, post('Content-Length: ')],
    ['a length with zeros', 400, post('Content-Length: 005')],
    ['chunks in HTTP/1.0', 400, { ...post('Transfer-Encoding: chunked'), httpVersion: '1.0' }],
    ['a body with GET', 400, head({ rawHeaders: fields('Content-Length: 1') })],
    [
      'chunks with OPTIONS',
      400,
      head({ method: 'OPTIONS', rawHeaders: fields('Transfer-Encoding: chunked') }),
    ],
    [
      'chunks that are announced with GET',
      400,
      head({ rawHeaders: fields('Transfer-Encoding: chunked', 'Expect: 100-continue') }),
    ],
    ['another expectation', 417, post('Expect: 100-continue, x')],
    ['an expectation in HTTP/1.0', 417, { ...post('Expect: 100-continue'), httpVersion: '1.0' }],
    ['GET *', 400, head({ target: '*' })],
    ['no target', 400, head({ target: '' })],
    ['a target beyond 8 KiB', 414, head({ target: `/${'a'.repeat(8192)}` })],
    ['an absolute target', 400, head({ target: 'http://h/v2/' })],
  ])('refuses %s with %d, and ends the connection', (_name, status, request) => {
    expect(admit(request, LIMITS)).toMatchObject({ status, close: true });
  });

  it.each(['authorization', 'content-range', 'content-type', 'docker-content-digest', 'expect', 'range'])(
    'refuses %s twice, however it is written',
    (name) => {
      const twice = post(`${name.toUpperCase()}: x`, `${name}: x`);
      expect(admit(twice, LIMITS)).toMatchObject({ status: 400, close: true });
    },
  );

  it('says what is wrong in a sentence, and nothing of what was sent', () => {
    const refusal = admit(head({ rawHeaders: ['Host', 'evil<script>', 'X', 'evil'] }), LIMITS);
    expect(refusal?.message).toMatch(/^[A-Z][^<>]+\.$/);
    expect(JSON.stringify(refusal)).not.toContain('evil');
  });

  it('lets no target through that holds an escape other than %3A, or that a server would fold', () => {
    const morsel = fc.constantFrom(
      '/',
      '.',
      '.',
      '//',
      ';',
      '%',
      '%2f',
      '%3A',
      '%3a',
      '\\',
      '#',
      '?',
      'v2',
      'a',
      '_',
      ':',
      '@',
      ' ',
      '\u00ff',
    );
    const target = fc.array(morsel, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);
    fc.assert(
      fc.property(target, (text) => {
        if (admit(head({ target: text }), LIMITS) !== undefined) return;
        const [path = ''] = text.split('?');
        expect(path).toMatch(/^(?!.*(?:\/\/|\/\.|;|[#\\ ]|[^!-~]))\//);
        expect(path.replaceAll(/%3a/gi, '')).not.toContain('%');
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('admits for every random head only what holds one Host and one framing', () => {
    const line = fc.tuple(
      fc.constantFrom('Host', 'host', 'Content-Length', 'Transfer-Encoding', 'Expect', 'Range', 'X'),
      fc.constantFrom(
        'h',
        'h:443',
        '',
        '5',
        '05',
        '0',
        '5, 5',
        'chunked',
        'Chunked',
        'gzip, chunked',
        '100-continue',
        'a b',
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.constantFrom('GET', 'POST'), (lines, method) => {
        if (admit({ ...head({ method }), rawHeaders: lines.flat() }, LIMITS) !== undefined) return;
        const values = (name: string): readonly string[] =>
          lines.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
        expect(values('host')).toHaveLength(1);
        const framing = [...values('content-length'), ...values('transfer-encoding')];
        expect(framing.length).toBeLessThanOrEqual(1);
        expect(['0', '5', 'chunked', 'Chunked', undefined]).toContain(framing[0]);
        expect(method === 'GET' && framing[0] === '5').toBe(false);
      }),
      { seed: 2, numRuns: 3000 },
    );
  });

  it('is linear in the length of a head: these would take years if it were not', () => {
    const long = 'a'.repeat(200_000);
    const targets = [`/v2/${'a/'.repeat(4000)}`, `/v2/${'%3A'.repeat(2600)}`, `/${'/.;'.repeat(2600)}`];
    for (const target of targets) expect([400, undefined]).toContain(admit(head({ target }), LIMITS)?.status);
    for (const host of [
      long,
      `${'a.'.repeat(100_000)}`,
      `[${':'.repeat(100_000)}`,
      `a${':1'.repeat(100_000)}`,
    ])
      expect(admit(head({ rawHeaders: ['Host', host] }), LIMITS)?.status).toBe(400);
    expect(admit(post(`Content-Length: ${'9'.repeat(200_000)}`), LIMITS)?.status).toBe(400);
  });
});
