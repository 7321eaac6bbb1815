import { array, assert, ipV4, ipV6, nat, oneof, property, record, uint8Array } from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { canonicalAddress } from '../../../src/lib/network.ts';
import { readProxyHeader, type ProxyHeader } from '../../../src/http/peer/proxy-protocol.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const V4 = 'cb007105 0a000001 1f90 01bb'.replaceAll(' ', '');
const V6 = `20010db8${'0'.repeat(22)}05${'0'.repeat(31)}1${'1f9001bb'}`;
const MAPPED = `${'0'.repeat(20)}ffffcb007105${'0'.repeat(31)}1${'1f9001bb'}`;

function binary(versionAndCommand: string, kind: string, rest: string, size = rest.length / 2): Buffer {
  return Buffer.from(
    `${SIGNATURE}${versionAndCommand}${kind}${size.toString(16).padStart(4, '0')}${rest}`,
    'hex',
  );
}

function line(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

const GOOD: readonly (readonly [string, Buffer, string | undefined])[] = [
  ['version 1, IPv4', line('PROXY TCP4 203.0.113.5 10.0.0.1 8080 443\r\n'), '203.0.113.5'],
  ['version 1, IPv6', line('PROXY TCP6 2001:DB8::5 ::1 8080 443\r\n'), '2001:db8::5'],
  ['version 1, IPv4 mapped', line('PROXY TCP6 ::ffff:203.0.113.5 ::1 8080 443\r\n'), '203.0.113.5'],
  ['version 1, port 0', line('PROXY TCP4 203.0.113.5 10.0.0.1 0 65535\r\n'), '203.0.113.5'],
  ['version 1, unknown', line('PROXY UNKNOWN\r\n'), undefined],
  [
    'version 1, the longest line',
    line(`PROXY UNKNOWN ${'f'.repeat(39)} ${'f'.repeat(39)} 65535 65535\r\n`),
    undefined,
  ],
  ['version 2, IPv4', binary('21', '11', V4), '203.0.113.5'],
  ['version 2, IPv6', binary('21', '21', V6), '2001:db8::5'],
  ['version 2, IPv4 mapped', binary('21', '21', MAPPED), '203.0.113.5'],
  ['version 2, extensions', binary('21', '11', `${V4}03000412345678`), '203.0.113.5'],
  ['version 2, a unix socket', binary('21', '31', '2f'.repeat(216)), undefined],
  ['version 2, unspecified', binary('21', '00', ''), undefined],
  ['version 2, unspecified with extensions', binary('21', '00', '0300041234'), undefined],
  ['version 2, local', binary('20', '00', ''), undefined],
  ['version 2, local, whatever it says', binary('20', '11', V4), undefined],
  ['version 2, local, of a kind of its own', binary('20', 'ff', 'ab'), undefined],
  ['version 2, the longest', binary('21', '11', V4 + '00'.repeat(4084)), '203.0.113.5'],
];

const BAD: readonly (readonly [string, Buffer])[] = [
  ['TLS', Buffer.from('16030100', 'hex')],
  ['HTTP', line('GET /v2/ HTTP/1.1\r\n')],
  ['PUT, which begins alike', line('PUT /v2/ HTTP/1.1\r\n')],
  ['lower case', line('proxy TCP4 203.0.113.5 10.0.0.1 8080 443\r\n')],
  ['no end of line', line(`PROXY TCP4 ${'1'.repeat(200)}`)],
  ['LF alone', line(`PROXY TCP4 203.0.113.5 10.0.0.1 8080 443\n${' '.repeat(100)}`)],
  ['two spaces', line('PROXY TCP4  203.0.113.5 10.0.0.1 8080 443\r\n')],
  ['a space at the end', line('PROXY TCP4 203.0.113.5 10.0.0.1 8080 443 \r\n')],
  ['IPv6 as IPv4', line('PROXY TCP4 ::1 ::1 8080 443\r\n')],
  ['IPv4 as IPv6', line('PROXY TCP6 203.0.113.5 10.0.0.1 8080 443\r\n')],
  ['one family and the other', line('PROXY TCP4 203.0.113.5 ::1 8080 443\r\n')],
  ['a leading zero', line('PROXY TCP4 203.000.113.5 10.0.0.1 8080 443\r\n')],
  ['a port with a leading zero', line('PROXY TCP4 203.0.113.5 10.0.0.1 08080 443\r\n')],
  ['a port too high', line('PROXY TCP4 203.0.113.5 10.0.0.1 65536 443\r\n')],
  ['no ports', line('PROXY TCP4 203.0.113.5 10.0.0.1\r\n')],
  ['UDP', line('PROXY UDP4 203.0.113.5 10.0.0.1 8080 443\r\n')],
  ['a word that begins with UNKNOWN', line('PROXY UNKNOWNS\r\n')],
  ['an address with a zone', line('PROXY TCP6 fe80::1%eth0 ::1 8080 443\r\n')],
  ['another signature', Buffer.from('0d0a0d0a000d0a515549540b21110000', 'hex')],
  ['version 3', binary('31', '11', V4)],
  ['version 1 in binary', binary('11', '11', V4)],
  ['another command', binary('22', '11', V4)],
  ['datagrams', binary('21', '12', V4)],
  ['IPv4 without transport', binary('21', '10', V4)],
  ['another family', binary('21', '41', V4)],
  ['IPv4, a byte short', binary('21', '11', V4.slice(2))],
  ['IPv6 with room for IPv4', binary('21', '21', V4)],
  ['a unix socket, a byte short', binary('21', '31', '2f'.repeat(215))],
  ['too long', binary('21', '11', V4 + '00'.repeat(4085))],
  ['too long, said and not sent', binary('21', '11', V4, 65_535)],
];

describe('R44: the header of a front proxy', () => {
  it.each(GOOD)('%s', (_name, bytes, address) => {
    expect(readProxyHeader(bytes)).toEqual({ kind: 'header', length: bytes.length, address });
  });

  it.each(GOOD)('%s: byte by byte, and with what follows it', (_name, bytes, address) => {
    for (let cut = 0; cut < bytes.length; cut += 1) {
      expect(readProxyHeader(bytes.subarray(0, cut))).toEqual({ kind: 'partial' });
    }
    const more = Buffer.concat([bytes, Buffer.from('\x16\x03\x01 PROXY \r\n')]);
    expect(readProxyHeader(more)).toEqual({ kind: 'header', length: bytes.length, address });
  });

  it.each(BAD)('is not %s', (_name, bytes) => {
    expect(readProxyHeader(bytes)).toEqual({ kind: 'malformed', reason: expect.any(String) });
  });

  it.each(BAD)('is not %s: what is no header does not become one with more bytes', (_name, bytes) => {
    const kinds = Array.from({ length: bytes.length + 1 }, (_none, cut) => kindOf(bytes.subarray(0, cut)));
    expect(kinds).not.toContain('header');
    expect(kinds.slice(kinds.indexOf('malformed'))).not.toContain('partial');
  });
});

function kindOf(bytes: Buffer): ProxyHeader['kind'] {
  return readProxyHeader(bytes).kind;
}

/** Bytes that are nearly a header: one of the table, with a few bytes changed. */
const nearly = record({
  which: nat({ max: GOOD.length - 1 }),
  changes: array(record({ at: nat({ max: 300 }), byte: nat({ max: 255 }) }), { maxLength: 4 }),
}).map(({ which, changes }) => {
  const bytes = Buffer.from(GOOD[which]?.[1] ?? '');
  for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
  return bytes;
});

describe('R44: whatever comes in place of a header', () => {
  const inputs = oneof(
    nearly,
    uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  );

  it('is read without an exception, to the same end in one piece and in two', () => {
    const readsAlike = (bytes: Buffer, cut: number): boolean => {
      const whole = readProxyHeader(bytes);
      const part = readProxyHeader(bytes.subarray(0, cut));
      return (
        (part.kind === 'partial' || isDeepStrictEqual(part, whole)) &&
        (whole.kind !== 'header' || whole.length <= bytes.length)
      );
    };
    expect(() => assert(property(inputs, nat({ max: 300 }), readsAlike), { numRuns: 20_000 })).not.toThrow();
  });

  it('gives every IPv4 address and every IPv6 address as it was sent', () => {
    const isGiven = (four: string, six: string): boolean => {
      const [v4, v6] = [line(`PROXY TCP4 ${four} 10.0.0.1 1 2\r\n`), line(`PROXY TCP6 ${six} ::1 1 2\r\n`)];
      return [readProxyHeader(v4), readProxyHeader(v6)].every(
        (read, at) => read.kind === 'header' && read.address === canonicalAddress([four, six][at] ?? ''),
      );
    };
    expect(() => assert(property(ipV4(), ipV6(), isGiven), { numRuns: 2000 })).not.toThrow();
  });
});
