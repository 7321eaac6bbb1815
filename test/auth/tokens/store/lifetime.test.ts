import { describe, expect, it } from 'vitest';
import { expiryWarning, parseLifetime, warningHeader } from '../../../../src/auth/tokens/store/lifetime.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('parseLifetime', () => {
  it.each([
    ['90d', 90 * DAY],
    ['12h', 12 * HOUR],
    ['26w', 182 * DAY],
    ['3650d', 3650 * DAY],
    ['never', null],
    ['0d', undefined],
    ['3651d', undefined],
    ['90', undefined],
    ['-1d', undefined],
    ['1.5d', undefined],
    ['90D', undefined],
    ['', undefined],
    ['d', undefined],
    ['9999999d', undefined],
  ])('reads %s', (text, expected) => {
    expect(parseLifetime(text)).toBe(expected);
  });
});

describe('expiryWarning', () => {
  const now = Date.parse('2026-03-01T00:00:00.000Z');
  const ending = (ms: number | null) => ({
    id: 'm-1',
    name: 'ci',
    expires: ms === null ? null : new Date(now + ms).toISOString(),
  });

  it.each([
    ['nothing of a token without end', null, undefined],
    ['nothing more than 14 days before', 14 * DAY + 1, undefined],
    ['14 days before', 14 * DAY, 'token m-1 of ci ends in 14 days, on 2026-03-15'],
    ['on the last day but one', DAY + HOUR, 'token m-1 of ci ends in 1 day, on 2026-03-02'],
    ['on the last day', HOUR, 'token m-1 of ci ends within a day, on 2026-03-01'],
    ['at the end', 0, 'token m-1 of ci ended on 2026-03-01'],
    ['afterwards', -DAY, 'token m-1 of ci ended on 2026-02-28'],
  ])('says %s', (_name, left, expected) => {
    expect(expiryWarning(ending(left), now)).toBe(expected);
  });
});

describe('warningHeader', () => {
  it.each([
    ['plain text', 'token m-1 of ci ends', '299 - "token m-1 of ci ends"'],
    ['quotes and backslashes', String.raw`a "b" \c`, String.raw`299 - "a \"b\" \\c"`],
    ['line ends', 'a\r\nSet-Cookie: x', '299 - "a??Set-Cookie: x"'],
    ['other scripts', 'token of 빌드', '299 - "token of ??"'],
  ])('holds %s', (_name, text, expected) => {
    expect(warningHeader(text)).toBe(expected);
  });
});
