import { describe, expect, it } from 'vitest';
import { whyTooManyBelieved } from '../../../src/config/values/believed-networks.ts';

describe('M-B10a: networks that are believed', () => {
  it.each([
    ['all of IPv4', ['0.0.0.0/0'], 'IPv4'],
    ['all of IPv6', ['::/0'], 'IPv6'],
    ['all of both', ['0.0.0.0/0', '::/0'], 'IPv4'],
    ['two halves beside a network of one\u2019s own', ['10.0.0.0/8', '128.0.0.0/1', '0.0.0.0/1'], 'IPv4'],
    ['one half', ['0.0.0.0/1'], 'IPv4'],
    ['all but one address in four', ['0.0.0.0/2', '128.0.0.0/1'], 'IPv4'],
    ['IPv4 in the form of IPv6', ['::ffff:0.0.0.0/0'], 'IPv4'],
    ['all public IPv6', ['2000::/3'], 'IPv6'],
    ['all public IPv6, in parts', ['2000::/4', '3000::/4'], 'IPv6'],
    ['64 of 256 parts', Array.from({ length: 64 }, (_none, nth) => `${nth * 4}.0.0.0/8`), 'IPv4'],
  ])('%s: refused', (_name, networks, family) => {
    expect(whyTooManyBelieved(networks)).toContain(`hold a fourth or more of all ${family} addresses`);
  });

  it.each([
    ['none', []],
    ['one address', ['192.0.2.7']],
    [
      'all private networks, twice',
      ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fd00::/8', '10.0.0.0/8'],
    ],
    ['all that is not public IPv6', ['fc00::/7', 'fe80::/10']],
    ['a large network many times', Array.from({ length: 64 }, () => '4.0.0.0/8')],
    ['63 of 256 parts', Array.from({ length: 63 }, (_none, nth) => `${nth * 4}.0.0.0/8`)],
  ])('%s: taken', (_name, networks) => {
    expect(whyTooManyBelieved(networks)).toBeUndefined();
  });
});
