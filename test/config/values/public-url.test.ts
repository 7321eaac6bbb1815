import { describe, expect, it } from 'vitest';
import { parseAuthority, parsePublicUrl } from '../../../src/config/values/public-url.ts';

describe('parsePublicUrl', () => {
  it.each([
    ['https://registry.example.com', 'registry.example.com'],
    ['https://Registry.Example.com/', 'registry.example.com'],
    ['https://registry.lan:8443', 'registry.lan:8443'],
    ['https://registry.lan:443', 'registry.lan'],
    ['https://[2001:db8::1]:5000', '[2001:db8::1]:5000'],
  ])('%s is %s', (text, value) => {
    expect(parsePublicUrl(text)).toEqual({ ok: true, value });
  });

  it.each([
    'http://registry.lan',
    'registry.lan',
    'https://registry.lan/path',
    'https://user@registry.lan',
    'https://registry.lan?x',
    'https://',
    'https://registry.lan:0',
    'https://registry.lan:70000',
    'https://a b',
    'https://레지스트리',
  ])('%s is refused', (text) => {
    expect(parsePublicUrl(text)).toEqual({ ok: false, reason: expect.stringMatching(/https:\/\/HOST/) });
  });
});

describe('parseAuthority', () => {
  it.each(['registry', 'registry.lan:5000', '10.0.0.1', '[::1]:5000'])('%s is taken', (text) => {
    expect(parseAuthority(text)).toEqual({ ok: true, value: text });
  });

  it.each(['', 'http://registry', 'registry/', 'a\r\nb', '-a', '[::1', '999.1.1.1'])(
    '%j is refused',
    (text) => {
      expect(parseAuthority(text).ok).toBe(false);
    },
  );
});
