import { describe, expect, it } from 'vitest';
import { closest, unknownKey } from '../../src/config/closest.ts';

const KEYS = [
  'listen',
  'certs',
  'tls.key',
  'timeouts.bodyIdleSeconds',
  'timeouts.headerSeconds',
  'auth.realm',
];

describe('closest', () => {
  it.each([
    ['listn', 'listen'],
    ['LISTEN', 'listen'],
    ['cert', 'certs'],
    ['c', undefined],
    ['zzzzzz', undefined],
    ['', undefined],
    ['x'.repeat(10_000), undefined],
  ])('%j means %j', (word, meant) => expect(closest(word, ['listen', 'certs'])).toBe(meant));
});

describe('unknownKey', () => {
  it.each([
    ['timeout', 'is unknown. Did you mean timeouts?'],
    ['timeouts.bodyIdleSecond', 'is unknown. Did you mean timeouts.bodyIdleSeconds?'],
    ['timeouts.body_idle_seconds', 'is unknown. Did you mean timeouts.bodyIdleSeconds?'],
    ['headerSeconds', 'is unknown. Did you mean timeouts.headerSeconds?'],
    ['tls.realm', 'is unknown. Did you mean auth.realm?'],
    ['colour', 'is unknown'],
  ])('%s', (path, reason) => expect(unknownKey(path, KEYS)).toBe(reason));
});
