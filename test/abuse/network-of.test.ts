import { describe, expect, it } from 'vitest';
import { networkOf } from '../../src/abuse/network-of.ts';

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
