import { describe, expect, it } from 'vitest';
import { parseListenAddress, renderListenAddress } from '../../../src/config/values/listen-address.ts';

const GOOD: readonly [text: string, host: string | undefined, port: number, shown?: string][] = [
  [':443', undefined, 443],
  ['8443', undefined, 8443, ':8443'],
  [':0', undefined, 0],
  ['0.0.0.0:443', '0.0.0.0', 443],
  ['[::1]:8443', '::1', 8443],
  ['[::]:443', '::', 443],
  ['[fe80::1%eth0]:443', 'fe80::1%eth0', 443],
  ['localhost:65535', 'localhost', 65_535],
  ['registry-1.lan:443', 'registry-1.lan', 443],
];

const DESCRIPTORS: readonly [text: string, fd: number][] = [
  ['fd:3', 3],
  ['fd:10', 10],
  ['fd:255', 255],
];

const BAD: readonly [text: string, reason: RegExp][] = [
  ['', /HOST:PORT/],
  [':', /HOST:PORT/],
  ['localhost', /HOST:PORT/],
  ['localhost:', /HOST:PORT/],
  [':65536', /highest is 65535/],
  [':-1', /HOST:PORT/],
  [':443 ', /HOST:PORT/],
  [':443\n', /HOST:PORT/],
  [':0x1bb', /HOST:PORT/],
  ['::1', /brackets/],
  ['::1:8443', /brackets/],
  ['fe80::1:8443', /brackets/],
  ['[::1]', /HOST:PORT/],
  ['[127.0.0.1]:443', /isn't an IPv6 address/],
  ['[]:443', /isn't an IPv6 address/],
  ['1.2.3.256:443', /neither an address nor a name/],
  ['a b:443', /neither an address nor a name/],
  ['*:443', /neither an address nor a name/],
  ['-a:443', /neither an address nor a name/],
  ['https://localhost:443', /without a scheme/],
];

describe('parseListenAddress', () => {
  it.each(GOOD)('%j is host %j, port %i', (text, host, port, shown = text) => {
    const parsed = parseListenAddress(text);
    expect(parsed).toEqual({ ok: true, value: { host, port } });
    expect(renderListenAddress({ host, port })).toBe(shown);
  });

  it.each(DESCRIPTORS)('%j is descriptor %i', (text, fd) => {
    const value = { host: undefined, port: 0, fd };
    expect(parseListenAddress(text)).toEqual({ ok: true, value });
    expect(renderListenAddress(value)).toBe(text);
  });

  it.each(BAD)('%j is refused', (text, reason) => {
    expect(parseListenAddress(text)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });
});
