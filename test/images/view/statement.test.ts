import { describe, expect, it } from 'vitest';
import { findStatement } from '../../../src/images/view/statement.ts';

const HEX = 'ab'.repeat(32);
const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: HEX, other: 5 } }, 'odd'],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: {},
};
const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');
const ENVELOPE = { payloadType: 'application/vnd.in-toto+json', payload: base64(STATEMENT), signatures: [] };

describe('a statement', () => {
  it.each([
    ['plain', STATEMENT],
    ['in an envelope', ENVELOPE],
    ['in a bundle of Sigstore', { mediaType: 'x', dsseEnvelope: ENVELOPE }],
  ])('is found: %s', (_name, value) => {
    const found = findStatement(Buffer.from(JSON.stringify(value)));
    expect(found?.predicateType).toBe('https://slsa.dev/provenance/v1');
    expect(found?.subjects).toEqual([{ name: 'app', digests: [`sha256:${HEX}`] }]);
    expect(JSON.parse(String(found?.bytes))).toEqual(STATEMENT);
  });

  it.each([
    ['no JSON', 'PK'],
    ['another object', '{"a":1}'],
    ['a payload that is none', JSON.stringify({ payload: base64({ a: 1 }) })],
    ['envelopes in envelopes', JSON.stringify({ payload: base64({ payload: base64(ENVELOPE) }) })],
    ['a JSON bomb', '['.repeat(200_000)],
  ])('is not found: %s', (_name, text) => {
    expect(findStatement(Buffer.from(text))).toBeUndefined();
  });
});
