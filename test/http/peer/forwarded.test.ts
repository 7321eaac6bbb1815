import { describe, expect, it } from 'vitest';
import { parseNetwork } from '../../../src/lib/network.ts';
import { clientOf } from '../../../src/http/peer/front-proxies.ts';

const TRUSTED = ['10.0.0.0/8', '192.0.2.9', 'fd00::/8'].map((text) => {
  const outcome = parseNetwork(text);
  if (!outcome.ok) throw new Error(text);
  return outcome.network;
});

describe('R44: the client behind front proxies, by X-Forwarded-For', () => {
  it.each<readonly [string, string, string | undefined, string]>([
    ['no header', '10.0.0.1', undefined, '10.0.0.1'],
    ['a stranger who claims to be another', '203.0.113.5', '198.51.100.1', '203.0.113.5'],
    ['one front', '10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['one front, and what the client made up', '10.0.0.1', '198.51.100.1, 203.0.113.5', '203.0.113.5'],
    ['a made-up trusted address', '10.0.0.1', '10.9.9.9, 203.0.113.5', '203.0.113.5'],
    ['two fronts', '10.0.0.1', '198.51.100.1, 203.0.113.5, 192.0.2.9', '203.0.113.5'],
    ['without spaces', '10.0.0.1', '198.51.100.1,203.0.113.5,10.0.0.2', '203.0.113.5'],
    ['with tabs', '10.0.0.1', '203.0.113.5\t,\t10.0.0.2', '203.0.113.5'],
    ['fronts alone: the outermost', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['IPv6 behind IPv4', '10.0.0.1', '2001:DB8:0::1', '2001:db8::1'],
    ['IPv4 behind IPv6', 'fd00::1', '203.0.113.5', '203.0.113.5'],
    ['the mapped form', '10.0.0.1', '::ffff:203.0.113.5', '203.0.113.5'],
    ['the mapped form of a front', '10.0.0.1', '203.0.113.5, ::ffff:10.0.0.2', '203.0.113.5'],
    ['with a port', '10.0.0.1', '203.0.113.5:4711', '203.0.113.5'],
    ['in brackets with a port', '10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['in brackets', '10.0.0.1', '[2001:db8::1]', '2001:db8::1'],
    ['empty: the front itself', '10.0.0.1', '', '10.0.0.1'],
    ['a comma alone', '10.0.0.1', ',', '10.0.0.1'],
    ['an empty last entry', '10.0.0.1', '203.0.113.5,', '10.0.0.1'],
    ['unknown', '10.0.0.1', '203.0.113.5, unknown', '10.0.0.1'],
    ['unknown before a front', '10.0.0.1', '203.0.113.5, unknown, 10.0.0.2', '10.0.0.2'],
    ['a name', '10.0.0.1', 'localhost', '10.0.0.1'],
    ['a zone', '10.0.0.1', 'fe80::1%eth0', '10.0.0.1'],
    ['a leading zero', '10.0.0.1', '010.0.0.1', '10.0.0.1'],
    ['a list in brackets', '10.0.0.1', '[203.0.113.5, 203.0.113.6]', '10.0.0.1'],
    ['Forwarded written by mistake', '10.0.0.1', 'for=203.0.113.5', '10.0.0.1'],
  ])('%s', (_name, peer, header, client) => {
    expect(clientOf(peer, header, TRUSTED)).toBe(client);
  });

  it('reads a long list of fronts once', () => {
    const header = ['203.0.113.5', ...Array.from({ length: 1500 }, () => '10.0.0.2')].join(',');
    expect(clientOf('10.0.0.1', header, TRUSTED)).toBe('203.0.113.5');
  });
});
