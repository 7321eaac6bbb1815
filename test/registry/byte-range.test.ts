import { describe, expect, it } from 'vitest';
import { parseChunk, parseRange } from '../../src/registry/byte-range.ts';

describe('Range of a download of 10 bytes', () => {
  it.each([
    { header: undefined, range: { kind: 'whole' } },
    { header: '', range: { kind: 'whole' } },
    { header: 'bytes=', range: { kind: 'whole' } },
    { header: 'bytes=-', range: { kind: 'whole' } },
    { header: 'bytes=0-1,3-4', range: { kind: 'whole' } },
    { header: 'bytes=a-b', range: { kind: 'whole' } },
    { header: 'lines=0-1', range: { kind: 'whole' } },
    { header: 'bytes=0-9', range: { kind: 'part', start: 0, length: 10 } },
    { header: 'bytes=3-', range: { kind: 'part', start: 3, length: 7 } },
    { header: 'bytes=9-99', range: { kind: 'part', start: 9, length: 1 } },
    { header: 'bytes=-3', range: { kind: 'part', start: 7, length: 3 } },
    { header: 'bytes=-99', range: { kind: 'part', start: 0, length: 10 } },
    { header: 'bytes = 1 - 2', range: { kind: 'part', start: 1, length: 2 } },
    { header: 'bytes=10-', range: { kind: 'unsatisfiable' } },
    { header: 'bytes=5-4', range: { kind: 'unsatisfiable' } },
    { header: 'bytes=-0', range: { kind: 'unsatisfiable' } },
    { header: `bytes=${'9'.repeat(40)}-`, range: { kind: 'unsatisfiable' } },
  ])('$header', ({ header, range }) => {
    expect(parseRange(header, 10)).toEqual(range);
  });

  it.each(['bytes=0-', 'bytes=-1', 'bytes=0-0'])('%s of nothing', (header) => {
    expect(parseRange(header, 0)).toEqual({ kind: 'unsatisfiable' });
  });
});

describe('Content-Range of a chunk', () => {
  it.each([
    { header: '0-0', chunk: { start: 0, end: 0 } },
    { header: '10-19', chunk: { start: 10, end: 19 } },
    { header: 'bytes 10-19/100', chunk: { start: 10, end: 19 } },
    { header: 'bytes 10-19/*', chunk: { start: 10, end: 19 } },
    { header: '19-10', chunk: undefined },
    { header: '-5', chunk: undefined },
    { header: '5-', chunk: undefined },
    { header: 'bytes */5', chunk: undefined },
    { header: '0x1-0x2', chunk: undefined },
    { header: `0-${'9'.repeat(16)}`, chunk: undefined },
  ])('$header', ({ header, chunk }) => {
    expect(parseChunk(header)).toEqual(chunk);
  });
});
