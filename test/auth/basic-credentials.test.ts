import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBasicCredentials } from '../../src/auth/basic-credentials.ts';

function basic(pair: string | Buffer): string {
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

const ACCEPTED: readonly (readonly [name: string, header: string, user: string, password: string])[] = [
  ['a name and a password', 'Basic dTpw', 'u', 'p'],
  ['any case of the scheme', 'bAsIc dTpw', 'u', 'p'],
  ['one sign of padding', basic('u:pw34'), 'u', 'pw34'],
  ['two signs of padding', basic('u:p w'), 'u', 'p w'],
  ['a colon in the password', basic('u:p:w:'), 'u', 'p:w:'],
  ['UTF-8', basic('Jürgen:pässwörd☃😀'), 'Jürgen', 'pässwörd☃😀'],
  ['an empty name', basic(':p'), '', 'p'],
  ['an empty password', basic('u:'), 'u', ''],
  ['plus and slash', 'Basic dTo+Pz8/', 'u', '>???'],
  ['a byte order mark, which is part of the name', basic('\uFEFFu:p'), '\uFEFFu', 'p'],
];

const MALFORMED: readonly (readonly [name: string, header: string])[] = [
  ['nothing', ''],
  ['the scheme alone', 'Basic'],
  ['the scheme and a space', 'Basic '],
  ['another scheme', 'Bearer dTpw'],
  ['a scheme that begins alike', 'Basics dTpw'],
  ['no colon', basic('user')],
  ['two spaces', 'Basic  dTpw'],
  ['a tab', 'Basic\tdTpw'],
  ['a space at the end', 'Basic dTpw '],
  ['a second word', 'Basic dTpw x'],
  ['junk behind', 'Basic dTpw!!'],
  ['a space inside', 'Basic dT pw'],
  ['padding that is too much', 'Basic dTpw='],
  ['padding that is missing', 'Basic dTpwdw'],
  ['padding in the middle', 'Basic dT==dTpw'],
  ['stray bits in the last character', 'Basic dTpwdx=='],
  ['the alphabet of URLs', 'Basic dTo-Pz8_'],
  ['two credentials', 'Basic dTpw, Basic dTpw'],
  ['latin1', basic(Buffer.from('u:p\xe4', 'latin1'))],
  ['UTF-8 that is longer than need be', basic(Buffer.from([0x75, 0xc0, 0xba, 0x3a, 0x70]))],
  ['half a pair of surrogates', basic(Buffer.from([0x75, 0x3a, 0xed, 0xa0, 0x80]))],
  ['NUL in the password', basic('u:p\0')],
  ['NUL in the name', basic('u\0:p')],
  ['a line end', basic('u:p\r\n')],
  ['DEL', basic('u:p\x7f')],
  ['more than a header should hold', basic(`u:${'p'.repeat(8000)}`)],
];

describe('parseBasicCredentials', () => {
  it.each(ACCEPTED)('reads %s', (_name, header, user, password) => {
    const parsed = parseBasicCredentials(header);
    if (parsed.kind !== 'credentials') throw new Error(parsed.kind);
    expect([parsed.credentials.user, parsed.credentials.password.reveal()]).toEqual([user, password]);
  });

  it.each(MALFORMED)('refuses %s', (_name, header) => {
    expect(parseBasicCredentials(header)).toEqual({ kind: 'malformed' });
  });

  it('takes neither name nor password for nobody', () => {
    expect(parseBasicCredentials('Basic Og==')).toEqual({ kind: 'anonymous' });
  });

  it('never shows the password', () => {
    expect(JSON.stringify(parseBasicCredentials(basic('u:hunter2')))).not.toContain('hunter2');
  });

  it('accepts exactly the headers that it would write', () => {
    const seen = { credentials: 0, anonymous: 0, malformed: 0 };
    const codes = fc.tuple(fc.string(), fc.string(), fc.nat(), fc.constantFrom('', '', 'A', '=', '-', ' '));
    fc.assert(
      fc.property(codes, ([user, password, place, spoiled]) => {
        const code = Buffer.from(`${user}:${password}`).toString('base64');
        const at = place % code.length;
        const header = `Basic ${code.slice(0, at)}${spoiled}${code.slice(at + spoiled.length)}`;
        const parsed = parseBasicCredentials(header);
        seen[parsed.kind] += 1;
        if (parsed.kind !== 'credentials') return;
        expect(basic(`${parsed.credentials.user}:${parsed.credentials.password.reveal()}`)).toBe(header);
      }),
      { seed: 1, numRuns: 3000 },
    );
    expect(seen.credentials).toBeGreaterThan(500);
    expect(seen.malformed).toBeGreaterThan(500);
  });
});
