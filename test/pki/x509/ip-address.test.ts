import { describe, expect, it } from 'vitest';
import {
  canonicalIp,
  formatIpRange,
  ipBytes,
  isInRange,
  parseIpRange,
} from '../../../src/pki/x509/ip-address.ts';

describe('canonicalIp', () => {
  it.each([
    ['10.0.0.5', '10.0.0.5'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['1::', '1::'],
    ['::ffff:192.168.0.1', '192.168.0.1'],
    ['::192.168.0.1', '::c0a8:1'],
    ['fe80::1%eth0', undefined],
    ['1.2.3.256', undefined],
    ['::g', undefined],
    ['', undefined],
  ])('%s is %s', (text, expected) => {
    expect(canonicalIp(text)).toBe(expected);
  });
});

describe('ipBytes', () => {
  it.each([
    ['10.0.0.5', '0a000005'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::1:0:0:1', '20010db8000000000001000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ])('of %s are %s', (text, hex) => {
    expect(ipBytes(text).toString('hex')).toBe(hex);
  });
});

describe('parseIpRange', () => {
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['172.31.0.0/12', '172.16.0.0/12'],
    ['10.0.0.5', '10.0.0.5/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['fd00:1::5/7', 'fc00::/7'],
    ['::1', '::1/128'],
    ['::/0', '::/0'],
  ])('%s is the block %s', (text, expected) => {
    const range = parseIpRange(text);
    expect(range && formatIpRange(range)).toBe(expected);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/', '10.0.0.0/8/8', 'lan/8', '::/129', '10.0.0.0/08a'])(
    '%s is none',
    (text) => {
      expect(parseIpRange(text)).toBeUndefined();
    },
  );
});

describe('isInRange', () => {
  it.each([
    ['10.255.0.1', '10.0.0.0/8', true],
    ['11.0.0.1', '10.0.0.0/8', false],
    ['172.31.255.255', '172.16.0.0/12', true],
    ['172.32.0.0', '172.16.0.0/12', false],
    ['::1', '0.0.0.0/0', false],
    ['fd00::1', 'fc00::/7', true],
  ])('%s in %s: %s', (address, text, expected) => {
    const range = parseIpRange(text);
    expect(range && isInRange(ipBytes(address), range)).toBe(expected);
  });
});
