import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { compactVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { signToken } from '../../../src/auth/tokens/sign-token.ts';

describe('signToken', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  const verified = async (token: string): Promise<unknown[]> => {
    const { payload, protectedHeader } = await compactVerify(token, createPublicKey(privateKey));
    return [JSON.parse(Buffer.from(payload).toString()), protectedHeader];
  };
  const signatureOf = (token: string): Buffer => Buffer.from(token.split('.')[2] ?? '', 'base64url');

  it.each([
    ['whose first number is short', (bytes: Buffer) => bytes[0] === 0],
    ['whose second number is short', (bytes: Buffer) => bytes[32] === 0],
    ['whose first number needs a zero in DER', (bytes: Buffer) => bytes.readUInt8(0) > 127],
    ['whose numbers need none', (bytes: Buffer) => bytes.readUInt8(0) < 128 && bytes.readUInt8(32) < 128],
  ])('makes what jose reads, with a signature %s', async (_name, isMeant) => {
    for (let at = 0; at < 50_000; at += 1) {
      const token = signToken({ kid: 'k' }, { at, name: 'ü' }, privateKey);
      const signature = signatureOf(token);
      if (!isMeant(signature)) continue;
      expect(signature).toHaveLength(64);
      expect(await verified(token)).toEqual([
        { at, name: 'ü' },
        { typ: 'JWT', alg: 'ES256', kid: 'k' },
      ]);
      return;
    }
    throw new Error('no such signature in 50,000');
  });
});
