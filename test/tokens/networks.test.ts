import { describe, expect, it } from 'vitest';
import { createNetworkCheck } from '../../src/tokens/networks.ts';

describe('createNetworkCheck', () => {
  it.each([
    ['no network', [], '203.0.113.1', true],
    ['a network', ['10.0.0.0/8'], '10.255.0.1', true],
    ['another network', ['10.0.0.0/8'], '11.0.0.1', false],
    ['an address', ['192.0.2.7'], '192.0.2.7', true],
    ['the next address', ['192.0.2.7'], '192.0.2.8', false],
    ['one of two', ['192.0.2.7', 'fd00::/8'], 'fd12::1', true],
    ['IPv6 outside', ['fd00::/8'], '2001:db8::1', false],
    ['IPv4 in an IPv6 socket', ['10.0.0.0/8'], '::ffff:10.0.0.1', true],
    ['an address with a zone', ['fe80::/10'], 'fe80::1%eth0', true],
    ['everything', ['0.0.0.0/0', '::/0'], '198.51.100.1', true],
    ['all of IPv6, from IPv4', ['::/0'], '198.51.100.1', false],
    ['all of IPv6, from IPv4 in an IPv6 socket', ['::/0'], '::ffff:198.51.100.1', false],
    ['all of IPv4, from IPv6', ['0.0.0.0/0'], '2001:db8::1', false],
    ['the mapped form of an address', ['::ffff:192.0.2.7'], '192.0.2.7', true],
    ['no address', ['0.0.0.0/0'], '', false],
    ['what is no network', ['nonsense'], '10.0.0.1', false],
    ['too long a prefix', ['10.0.0.0/33'], '10.0.0.0', false],
    ['two prefixes', ['10.0.0.0/8/8'], '10.0.0.1', false],
  ])('%s', (_name, networks, address, expected) => {
    expect(createNetworkCheck(networks)(address)).toBe(expected);
  });
});
