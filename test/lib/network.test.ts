import { describe, expect, it } from 'vitest';
import { isInside, networkOf, parseNetwork, plainAddress, siteOf } from '../../src/lib/network.ts';
import type { Network } from '../../src/lib/network.ts';

function read(...texts: string[]): Network[] {
  return texts.map((text) => {
    const outcome = parseNetwork(text);
    if (!outcome.ok) throw new Error(`${text} ${outcome.reason}`);
    return outcome.network;
  });
}

describe('isInside', () => {
  it.each<readonly [string, readonly string[], string, boolean]>([
    ['no network', [], '203.0.113.1', false],
    ['a network', ['10.0.0.0/8'], '10.255.0.1', true],
    ['another network', ['10.0.0.0/8'], '11.0.0.1', false],
    ['an address', ['192.0.2.7'], '192.0.2.7', true],
    ['the next address', ['192.0.2.7'], '192.0.2.8', false],
    ['one of two', ['192.0.2.7', 'fd00::/8'], 'fd12::1', true],
    ['IPv6 outside', ['fd00::/8'], '2001:db8::1', false],
    ['IPv4 in an IPv6 socket', ['10.0.0.0/8'], '::ffff:10.0.0.1', true],
    ['an address with a zone', ['fe80::/10'], 'fe80::1%eth0', false],
    ['everything', ['0.0.0.0/0', '::/0'], '198.51.100.1', true],
    ['all of IPv6, from IPv4', ['::/0'], '198.51.100.1', false],
    ['all of IPv6, from IPv4 in an IPv6 socket', ['::/0'], '::ffff:198.51.100.1', false],
    ['all of IPv4, from IPv6', ['0.0.0.0/0'], '2001:db8::1', false],
    ['the mapped form of an address', ['::ffff:192.0.2.7'], '192.0.2.7', true],
    ['no address', ['0.0.0.0/0'], '', false],
  ])('%s', (_name, networks, address, expected) => {
    expect(isInside(address, read(...networks))).toBe(expected);
  });
});

describe('parseNetwork refuses', () => {
  it.each([
    ['nonsense', 'is neither'],
    ['', 'is neither'],
    ['10.0.0.0/33', 'must end with'],
    ['10.0.0.0/', 'must end with'],
    ['10.0.0.0/8/8', 'is neither'],
    ['10.0.0.0/+8', 'must end with'],
    ['010.0.0.0/8', 'is neither'],
    ['10.1.2.3/8', 'names an address within a network'],
    ['fd00::1/8', 'names an address within a network'],
    ['fe80::1%eth0', 'is neither'],
    ['fe80::%eth0/64', 'is neither'],
  ])('%j', (text, reason) => {
    expect(parseNetwork(text)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});

describe('siteOf', () => {
  it.each([
    ['192.0.2.77', '192.0.2.0/24'],
    ['::ffff:192.0.2.77', '192.0.2.0/24'],
    ['2001:db8:7:8:9::1', '2001:db8:7::/48'],
    ['2001:db8:7:ffff::', '2001:db8:7::/48'],
    ['::1', '0:0:0::/48'],
    ['', ''],
    ['nowhere', 'nowhere'],
  ])('of %s is %s', (address, site) => expect(siteOf(address)).toBe(site));
});

describe('networkOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
    ['unix', 'unix'],
  ])('counts %s as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('counts two addresses of a /64 as one, and of a /63 as two', () => {
    expect(networkOf('2001:db8::2:0:0:1')).toBe(networkOf('2001:db8::ffff:ffff:ffff:ffff'));
    expect(networkOf('2001:db8:0:2::1')).not.toBe(networkOf('2001:db8:0:3::1'));
  });
});

it.each([
  [undefined, ''],
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '::ffff:c000:201'],
  ['fe80::1%eth0', 'fe80::1'],
  ['2001:db8::1', '2001:db8::1'],
])('plainAddress(%j) is %j', (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});
