import { describe, expect, it } from 'vitest';
import { until } from '../support/programs.ts';
import { basic, findSecret } from '../support/test-gate.ts';
import { base, get, post, raw } from './cases/hostile-case.ts';
import { useCaseFixture } from './run-cases.ts';

const CLOSE = 'Connection: close';
const PROBE = 'pr0be';

/** Spellings of control over a log: escapes for a terminal, quotes for JSON, line ends for readers of lines. */
const ODD = [
  ['a quote and a brace', '"},{"level":60,"msg":"forged'],
  ['a backslash', '\\\\n\\u000a\\'],
  ['a tab', 'a\tb'],
  ['U+2028 in UTF-8', '\u00e2\u0080\u00a8'],
  ['an emoji in UTF-8', '\u00f0\u009f\u0092\u00a9'],
  ['a C1 control', '\u0085\u009b31m'],
  ['percent signs', '%s%d%n%0a%0d'],
  ['10000 characters', 'x'.repeat(10_000)],
] as const;

describe('the log', () => {
  const fixture = useCaseFixture();

  /** The lines that are written until the request of the probe is told. */
  const linesOf = async (bytes: string): Promise<readonly string[]> => {
    const { log } = fixture().gate;
    const before = log.length;
    await fixture().send(bytes);
    await fixture().send(get(`/v2/${PROBE}${before}/tags/list`, CLOSE));
    await until(
      () => log.findIndex((line) => line.includes(`${PROBE}${before}`)) > 0 || undefined,
      () => 'the probe was not logged',
    );
    return log.slice(before).filter((line) => !line.includes(`${PROBE}${before}`));
  };

  it.each(ODD)('tells a user agent with %s in one short JSON line', async (_name, text) => {
    const lines = await linesOf(base(`User-Agent: ${text}`, CLOSE));
    expect(lines).toHaveLength(1);
    const [line = ''] = lines;
    expect(JSON.parse(line)).toMatchObject({ level: 30, msg: 'request', status: 200 });
    expect(line.length).toBeLessThan(1500);
    expect(line).toMatch(/^\P{Cc}*$/u);
  });

  it.each([
    ['a target with ESC', get('/v2/\u001b[31m/tags/list', CLOSE)],
    ['a target with a C1 control', get('/v2/\u009b31m/tags/list', CLOSE)],
    ['a target with a line end', get('/v2/a%0d%0a{"level":60}/tags/list', CLOSE)],
    ['a long target', get(`/v2/${'a'.repeat(9000)}`, CLOSE)],
    ['a quote in the target', get('/v2/"},{"level":60/', CLOSE)],
    ['a Host with a quote', raw('GET /v2/ HTTP/1.1', ['Host: "},{"level":60,"x":"', CLOSE])],
    ['a long method', raw(`${'A'.repeat(5000)} /v2/ HTTP/1.1`, ['Host: x', CLOSE])],
    ['credentials in the target', get('http://alice:hunter2@localhost/v2/', CLOSE)],
  ])('tells %s in one short JSON line or not at all', async (_name, bytes) => {
    const lines = await linesOf(bytes);
    expect(lines.length).toBeLessThanOrEqual(1);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ msg: 'request' });
      expect(line.length).toBeLessThan(1500);
      expect(line).not.toMatch(/\p{Cc}|"level":60|hunter2/u);
    }
  });

  it('never tells a name that was only claimed, a password, a query or a field', async () => {
    const told = [
      ...(await linesOf(
        raw('GET /v2/ HTTP/1.1', ['Host: x', CLOSE]).replace(
          '@AUTH@',
          `Authorization: ${basic('my-passw0rd', 'my-s3cret')}\r\n`,
        ),
      )),
      ...(await linesOf(base('Authorization: Bearer my-t0ken', CLOSE).replace('@AUTH@', ''))),
      ...(await linesOf(base('Cookie: my-c00kie', 'X-Api-Key: my-k3y', CLOSE))),
      ...(await linesOf(get('/v2/_catalog?last=my-qu3ry', CLOSE))),
      ...(await linesOf(
        raw('PATCH /v2/a/blobs/uploads/x?_state=my-st4te HTTP/1.1', ['Host: x', CLOSE, 'Content-Length: 0']),
      )),
    ];
    expect(told).toHaveLength(5);
    expect(told.join('\n')).not.toMatch(/my-|bXktcGFzc3cwcmQ|_state/);
  });

  it('tells no secret where the backend fails either', async () => {
    fixture().backend.script({ onRequest: (socket) => socket.destroy() });
    const lines = await linesOf(post(['Content-Length: 5', CLOSE], 'hello')).catch(() => fixture().gate.log);
    fixture().backend.script({});
    expect(lines.some((line) => line.includes('the backend failed'))).toBe(true);
    expect(findSecret(fixture().gate.log)).toBeUndefined();
  });

  it('has a search for secrets that finds them', () => {
    const { password, authorization } = fixture().gate;
    const leaks = [
      `{"msg":"${password}"}`,
      `{"auth":"${authorization}"}`,
      '{"url":"/x?_state=abc"}',
      '{"hash":"$2b$04$abc"}',
    ];
    expect(leaks.map((leak) => findSecret(['{"msg":"request"}', leak]))).toEqual(leaks);
    expect(findSecret(['{"msg":"request"}'])).toBeUndefined();
  });
});
