import { describe, expect, it } from 'vitest';
import { parseTraceparent, renderTraceparent } from '../../../src/observe/tracing/tracing.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('parseTraceparent', () => {
  it.each([
    ['as W3C shows it', `00-${TRACE}-${SPAN}-01`, true],
    ['not recorded', `00-${TRACE}-${SPAN}-00`, false],
    ['with other flags', `00-${TRACE}-${SPAN}-03`, true],
    ['with flags that are to come', `00-${TRACE}-${SPAN}-f2`, false],
    ['of a later version', `cc-${TRACE}-${SPAN}-01`, true],
    ['of a later version, with more', `cc-${TRACE}-${SPAN}-01-what-comes`, true],
  ])('%s', (_name, text, isSampled) => {
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
  });

  it.each([
    ['nothing', undefined],
    ['empty', ''],
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['version 00 with more', `00-${TRACE}-${SPAN}-01-more`],
    ['version 00 with a dash behind', `00-${TRACE}-${SPAN}-01-`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['a short span', `00-${TRACE}-${SPAN.slice(1)}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['two of them', `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
    ['a line end', `00-${TRACE}-${SPAN}-01\r\nx: y`],
    ['a blank', ` 00-${TRACE}-${SPAN}-01`],
    ['a novel', `cc-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`],
  ])('%s is none', (_name, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it.each([`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-00`])('and renderTraceparent: %s', (text) => {
    const parsed = parseTraceparent(text);
    expect(parsed && renderTraceparent(parsed)).toBe(text);
  });
});
