import { describe, expect, it } from 'vitest';
import { parseByteSize } from '../../../src/config/values/byte-size.ts';

const GOOD: readonly [text: string, bytes: number][] = [
  ['0', 0],
  ['4194304', 4_194_304],
  ['10B', 10],
  ['4MiB', 4_194_304],
  ['4 MiB', 4_194_304],
  ['4MB', 4_000_000],
  ['1kB', 1000],
  ['1KB', 1000],
  ['1KiB', 1024],
  ['20GiB', 21_474_836_480],
  ['1GB', 1_000_000_000],
  ['1TiB', 1_099_511_627_776],
  ['1TB', 1_000_000_000_000],
];

const BAD = [
  '',
  'MiB',
  '4M',
  '4m',
  '4mib',
  '-1',
  '1.5GiB',
  '4  MiB',
  ' 4',
  '4MiB\n',
  '1e3',
  '0x10',
  '9007199254740992',
  '9999999TiB',
];

describe('parseByteSize', () => {
  it.each(GOOD)('%j is %i bytes', (text, bytes) => expect(parseByteSize(text)).toBe(bytes));
  it.each(BAD)('%j is no size', (text) => expect(parseByteSize(text)).toBeUndefined());
});
