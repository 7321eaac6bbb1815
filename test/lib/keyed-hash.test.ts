import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyedHash } from '../../src/lib/keyed-hash.ts';

describe('keyed hash', () => {
  it.each([
    ['nothing', 32, ''],
    ['a short text', 32, '3:bob2:pw'],
    ['UTF-8', 32, 'Jürgen ☃ 😀'],
    ['a text of one block', 32, 'x'.repeat(64)],
    ['a text of many blocks', 32, 'é'.repeat(5000)],
    ['no key', 0, 'text'],
    ['a key of one block', 64, 'text'],
  ])('is HMAC-SHA256: %s', (_name, keyLength, text) => {
    const key = Buffer.from(Array.from({ length: keyLength }, (_, at) => (at * 37 + 200) % 256));
    expect(createKeyedHash(key)(text)).toBe(createHmac('sha256', key).update(text).digest('base64'));
  });

  it('takes no longer key, which HMAC would hash first', () => {
    expect(() => createKeyedHash(Buffer.alloc(65))).toThrow(RangeError);
  });
});
