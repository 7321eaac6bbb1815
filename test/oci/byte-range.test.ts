import { describe, expect, it } from 'vitest';
import { parseChunk, parseRange } from '../../src/oci/byte-range.ts';

describe('Range of a download of 10 bytes', () => {
  it.each([
    { header: undefined, range: { kind: 'whole' } },
    { header: '', range: { kind: 'whole' } },
    { header: 'bytes=', range: { kind: 'whole' } },
    { header: 'bytes=-', range: { kind: 'whole' } },
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

  it.each([
    ['in order', 'bytes=0-1,3-4', [0, 2, 3, 2]],
    ['as they were asked for', 'bytes=8-9,0-0', [8, 2, 0, 1]],
    ['that overlap and touch', 'bytes=0-3,2-4', [0, 4, 2, 3]],
    ['a suffix among them', 'bytes=0-0,-2', [0, 1, 8, 2]],
    ['with spaces and empty ones', 'bytes= 0-0 ,, 2-2 ,', [0, 1, 2, 1]],
    ['without those beyond the end', 'bytes=0-0,10-,4-4,99-100', [0, 1, 4, 1]],
    ['as long as the whole', 'bytes=0-4,5-9', [0, 5, 5, 5]],
  ])('several: %s', (_name, header, numbers) => {
    const parts = [0, 2].map((at) => ({ start: numbers[at], length: numbers[at + 1] }));
    expect(parseRange(header, 10)).toEqual({ kind: 'parts', parts });
  });

  it.each([
    ['together longer than the whole', 'bytes=0-9,0-0', { kind: 'whole' }],
    ['many times the same', `bytes=${Array(11).fill('0-0').join(',')}`, { kind: 'whole' }],
    ['one that is no range', 'bytes=0-1,x', { kind: 'whole' }],
    ['one of which is left', 'bytes=10-,3-4', { kind: 'part', start: 3, length: 2 }],
    ['none of which is there', 'bytes=10-,11-12', { kind: 'unsatisfiable' }],
  ])('several: %s', (_name, header, range) => {
    expect(parseRange(header, 10)).toEqual(range);
  });

  it.each([
    [1024, 'parts'],
    [1025, 'whole'],
  ])('%d at once', (count, kind) => {
    const header = `bytes=${Array.from({ length: count }, (_, at) => `${2 * at}-${2 * at}`).join(',')}`;
    expect(parseRange(header, 10_000).kind).toBe(kind);
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
