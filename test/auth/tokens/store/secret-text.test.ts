import { describe, expect, it } from 'vitest';
import { makeSecret, readSecret } from '../../../../src/auth/tokens/store/secret-text.ts';

describe('a secret', () => {
  it('has a prefix, 256 random bits and a checksum, in letters and digits', () => {
    expect(makeSecret('machine').secret.reveal()).toMatch(/^rgm_[0-9A-Za-z]{49}$/);
    expect(makeSecret('session').secret.reveal()).toMatch(/^rgs_[0-9A-Za-z]{49}$/);
    expect(makeSecret('identity').secret.reveal()).toMatch(/^rgi_[0-9A-Za-z]{49}$/);
  });

  it.each([
    ['no bit', 0x00],
    ['every bit', 0xff],
  ])('holds %s', (_name, filler) => {
    const { secret, hash } = makeSecret('machine', (size) => Buffer.alloc(size, filler));
    expect(secret.reveal()).toHaveLength(53);
    expect(readSecret('machine', secret.reveal())).toBe(hash);
  });

  it('differs by every single bit', () => {
    const texts = Array.from({ length: 256 }, (_, bit) => {
      const bytes = Buffer.alloc(32);
      bytes[bit >> 3] = 1 << (bit & 7);
      return makeSecret('machine', () => bytes).secret.reveal();
    });
    expect(new Set(texts).size).toBe(256);
  });

  it('is told from a mistyped one', () => {
    const { secret, hash } = makeSecret('machine');
    const text = secret.reveal();
    expect(readSecret('machine', text)).toBe(hash);
    for (let at = 4; at < text.length; at += 1) {
      const other = `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`;
      expect(readSecret('machine', other)).toBeUndefined();
    }
  });

  it.each([
    ['the other kind', (text: string) => text.replace('rgm_', 'rgi_')],
    ['a session', (text: string) => text.replace('rgm_', 'rgs_')],
    ['one cut off', (text: string) => text.slice(0, -1)],
    ['one with a line end', (text: string) => `${text}\n`],
    ['one with a space', (text: string) => ` ${text}`],
    ['a password', () => 'hunter2'],
    ['nothing', () => ''],
  ])('is not %s', (_name, spoil) => {
    expect(readSecret('machine', spoil(makeSecret('machine').secret.reveal()))).toBeUndefined();
  });

  it('does not print', () => {
    const made = makeSecret('machine');
    expect(JSON.stringify(made)).not.toContain('rgm_');
    expect(made.hash).toMatch(/^[\w-]{43}$/);
  });
});
