import { assert, domain, ipV4, ipV6, oneof, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEndpoint, parseSubjectName, parseSubjectNames } from '../../../src/pki/x509/subject-names.ts';

const GOOD = [
  { name: 'a host', text: 'registry.lan', kind: 'dns', value: 'registry.lan' },
  { name: 'a single label', text: 'localhost', kind: 'dns', value: 'localhost' },
  { name: 'capitals', text: 'Registry.LAN', kind: 'dns', value: 'registry.lan' },
  { name: 'a trailing dot', text: 'registry.lan.', kind: 'dns', value: 'registry.lan' },
  { name: 'blanks around', text: '  registry.lan\t', kind: 'dns', value: 'registry.lan' },
  { name: 'a URL', text: 'https://Registry.lan/', kind: 'dns', value: 'registry.lan' },
  {
    name: 'a URL with port and path',
    text: 'http://registry.lan:5000/v2/',
    kind: 'dns',
    value: 'registry.lan',
  },
  { name: 'a lone slash', text: 'registry.lan/', kind: 'dns', value: 'registry.lan' },
  { name: 'a port', text: 'registry.lan:5000', kind: 'dns', value: 'registry.lan' },
  { name: 'digits within', text: '1a.2b', kind: 'dns', value: '1a.2b' },
  { name: 'digits first', text: '3com.example', kind: 'dns', value: '3com.example' },
  { name: 'a wildcard', text: '*.Registry.lan', kind: 'dns', value: '*.registry.lan' },
  { name: 'umlauts', text: 'büro.example', kind: 'dns', value: 'xn--bro-hoa.example' },
  { name: 'Korean', text: '레지스트리.example', kind: 'dns', value: 'xn--om2b23a15p8shb5l.example' },
  { name: 'punycode', text: 'xn--bro-hoa.example', kind: 'dns', value: 'xn--bro-hoa.example' },
  { name: 'a wildcard with umlauts', text: '*.büro.example', kind: 'dns', value: '*.xn--bro-hoa.example' },
  { name: '63 letters', text: `${'a'.repeat(63)}.lan`, kind: 'dns', value: `${'a'.repeat(63)}.lan` },
  { name: 'IPv4', text: '10.0.0.5', kind: 'ip', value: '10.0.0.5' },
  { name: 'IPv4 with port', text: '10.0.0.5:443', kind: 'ip', value: '10.0.0.5' },
  { name: 'IPv4 in a URL', text: 'https://10.0.0.5:5000/', kind: 'ip', value: '10.0.0.5' },
  { name: 'IPv6', text: '::1', kind: 'ip', value: '::1' },
  { name: 'IPv6 in brackets', text: '[::1]', kind: 'ip', value: '::1' },
  { name: 'IPv6 with port', text: '[::1]:5000', kind: 'ip', value: '::1' },
  { name: 'IPv6 in full', text: 'FD00:0:0:0:0:0:0:5', kind: 'ip', value: 'fd00::5' },
  { name: 'IPv6 in a URL', text: 'https://[fd00::5]:5000/', kind: 'ip', value: 'fd00::5' },
  { name: 'IPv4-mapped', text: '::ffff:10.0.0.5', kind: 'ip', value: '10.0.0.5' },
  { name: 'IPv4-mapped in hexadecimal', text: '::ffff:a00:5', kind: 'ip', value: '10.0.0.5' },
];

const BAD = [
  { name: 'nothing', text: '', reason: /empty/ },
  { name: 'blanks', text: '  ', reason: /empty/ },
  { name: 'a scheme alone', text: 'https://', reason: /empty/ },
  { name: 'a port alone', text: ':5000', reason: /empty/ },
  { name: 'another scheme', text: 'ftp://registry.lan', reason: /ftp:\/\// },
  { name: 'a number too large', text: '1.2.3.256', reason: /IPv4/ },
  { name: 'three numbers', text: '1.2.3', reason: /IPv4/ },
  { name: 'one number', text: '42', reason: /IPv4/ },
  { name: 'five numbers', text: '1.2.3.4.5', reason: /IPv4/ },
  { name: 'leading zeros', text: '010.0.0.5', reason: /IPv4/ },
  { name: 'hexadecimal', text: '0x7f.0x1', reason: /IPv4/ },
  { name: 'full-width digits', text: '１０.0.0.5', reason: /IPv4/ },
  { name: 'every address', text: '0.0.0.0', reason: /every address/ },
  { name: 'every IPv6 address', text: '[::]:443', reason: /every address/ },
  { name: 'a block', text: '10.0.0.0/8', reason: /path/ },
  { name: 'an image', text: 'registry.lan/team/app', reason: /path/ },
  { name: 'an underscore', text: 'my_host', reason: /underscore/ },
  { name: 'a lone underscore', text: '_', reason: /underscore/ },
  { name: 'a zone', text: 'fe80::1%eth0', reason: /zone/ },
  { name: 'a zone in brackets', text: '[fe80::1%25eth0]:443', reason: /zone/ },
  { name: 'too many colons', text: 'a:b:c', reason: /IPv6/ },
  { name: 'a name in brackets', text: '[registry.lan]', reason: /IPv6/ },
  { name: 'an open bracket', text: '[::1', reason: /IPv6/ },
  { name: 'port 0', text: 'registry.lan:0', reason: /port/ },
  { name: 'port 65536', text: 'registry.lan:65536', reason: /port/ },
  { name: 'an empty port', text: 'registry.lan:', reason: /port/ },
  { name: 'letters for a port', text: 'registry.lan:https', reason: /port/ },
  { name: 'a port in a URL', text: 'https://registry.lan:99999/', reason: /port/ },
  { name: 'a user', text: 'https://me@registry.lan', reason: /user name/ },
  { name: 'a lone star', text: '*', reason: /\*/ },
  { name: 'a star below a top level', text: '*.lan', reason: /top-level/ },
  { name: 'a star with letters', text: 'a*.registry.lan', reason: /\*/ },
  { name: 'a star inside', text: 'a.*.lan', reason: /\*/ },
  { name: 'two stars', text: '*.*.lan', reason: /\*/ },
  { name: 'a star and an address', text: '*.1.2.3.4', reason: /IPv4/ },
  { name: 'a star and a dot', text: '*.', reason: /empty/ },
  { name: 'two dots', text: 'registry..lan', reason: /letters, digits|neither/ },
  { name: 'a leading dot', text: '.lan', reason: /letters, digits|neither/ },
  { name: 'a leading hyphen', text: '-a.lan', reason: /hyphens/ },
  { name: 'a trailing hyphen', text: 'a-.lan', reason: /hyphens/ },
  { name: 'a blank inside', text: 'my host', reason: /letters/ },
  { name: 'NUL', text: 'a\0.lan', reason: /letters/ },
  { name: 'a query', text: 'a?b', reason: /letters/ },
  { name: 'a fragment', text: 'a#b', reason: /letters/ },
  { name: 'a line end inside', text: 'a\nb', reason: /letters/ },
  { name: 'a tab inside', text: 'a\tb', reason: /letters/ },
  { name: 'an emoji with a joiner', text: 'a\u200d.lan', reason: /neither/ },
  { name: '64 letters', text: `${'a'.repeat(64)}.lan`, reason: /63/ },
  { name: '254 characters', text: `${'abcdefg.'.repeat(31)}abcdef`, reason: /253/ },
];

describe('parseSubjectName', () => {
  it.each(GOOD)('reads $name', ({ text, kind, value }) => {
    expect(parseSubjectName(text)).toEqual({ kind, value });
  });

  it.each(BAD)('refuses $name', ({ text, reason }) => {
    const parsed = parseSubjectName(text);
    expect(parsed).toMatchObject({ kind: 'invalid', reason: expect.stringMatching(reason) });
  });

  it('reads what it has written to the same', () => {
    const rereads = (text: string): boolean => {
      const once = parseSubjectName(text);
      const again = once.kind === 'invalid' ? once : parseSubjectName(once.value);
      return JSON.stringify(again) === JSON.stringify(once);
    };
    const texts = oneof(domain(), ipV4(), ipV6(), string());
    expect(() => assert(property(texts, rereads))).not.toThrow();
  });
});

describe('parseEndpoint', () => {
  it.each([
    { text: 'registry.lan', port: undefined },
    { text: 'registry.lan:443', port: 443 },
    { text: 'https://[::1]:5000/', port: 5000 },
  ])('keeps the port of $text', ({ text, port }) => {
    expect(parseEndpoint(text)).toMatchObject({ kind: 'endpoint', port });
  });
});

describe('parseSubjectNames', () => {
  it('splits at commas and drops what is there twice', () => {
    const names = parseSubjectNames(['a.lan,10.0.0.5', 'A.lan:5000', '::ffff:10.0.0.5']);
    expect(names.map(({ value }) => value)).toEqual(['a.lan', '10.0.0.5']);
  });

  it('names every bad one at once', () => {
    const parse = (): unknown => parseSubjectNames(['good.lan,a_b', '1.2.3.256']);
    expect(parse).toThrow(expect.objectContaining({ code: 'HOST_INVALID' }));
    expect(parse).toThrow(/"a_b".*"1\.2\.3\.256"/);
  });
});
