import { describe, expect, it } from 'vitest';
import { createLog, logExchange } from '../../src/observe/access-log.ts';
import type { Exchange } from '../../src/observe/exchange.ts';
import { parseRegistryRequest, type RegistryRequest } from '../../src/oci/request/parse.ts';
import { DIGEST, exchangeOf } from '../support/exchange.ts';

function requestOf(method: string, target: string): RegistryRequest {
  const parsed = parseRegistryRequest(method, target);
  if (parsed.kind !== 'request') throw new Error(parsed.kind);
  return parsed.request;
}

const EXCHANGE = exchangeOf('GET /v2/team/app/manifests/latest', {
  sent: 1234,
  milliseconds: 12.3456,
  millisecondsSinceBody: 12.3456,
});

/** The lines that this exchange leaves at a level. */
function linesOf(change: Partial<Exchange>, level: 'debug' | 'info' = 'info'): readonly string[] {
  const lines: string[] = [];
  const log = createLog({ level, destination: { write: (line) => void lines.push(line) } });
  logExchange(log, { ...EXCHANGE, ...change });
  return lines;
}

function fieldsOf(change: Partial<Exchange>): Record<string, unknown> {
  const [line = ''] = linesOf(change, 'debug');
  return JSON.parse(line);
}

describe('the line of an exchange', () => {
  it('tells who asked what, what came of it, and nothing else', () => {
    const { time, ...fields } = fieldsOf({});
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(fields).toEqual({
      level: 30,
      msg: 'request',
      id: 'ab-1',
      address: '192.0.2.7',
      user: 'alice',
      method: 'GET',
      path: '/v2/team/app/manifests/latest',
      kind: 'manifest',
      action: 'pull',
      repository: 'team/app',
      rule: 'every user',
      reference: 'latest',
      status: 200,
      received: 0,
      sent: 1234,
      ms: 12.3,
      outcome: 'complete',
      agent: 'docker/27.0',
    });
  });

  it('tells of a failed login next to the address, before anything that the client wrote', () => {
    const [line = ''] = linesOf({ user: undefined, status: 401, failedLogin: 'wrong-password' });
    expect(line).toMatch(
      /^\{"level":30,"time":"[^"]+","id":"ab-1","address":"192\.0\.2\.7","failedLogin":"wrong-password",/,
    );
    expect(fieldsOf({})).not.toHaveProperty('failedLogin');
  });

  it('tells what became of a mount', () => {
    expect(fieldsOf({ mount: 'stripped' })['mount']).toBe('stripped');
    expect(fieldsOf({})).not.toHaveProperty('mount');
  });

  const REQUESTS: readonly (readonly [string, string, object])[] = [
    ['GET', `/v2/a/blobs/${DIGEST}`, { kind: 'blob', action: 'pull', repository: 'a', reference: DIGEST }],
    ['DELETE', `/v2/a/blobs/${DIGEST}`, { kind: 'blob', action: 'delete', repository: 'a' }],
    ['PATCH', '/v2/a/b/blobs/uploads/5?_state=secret', { kind: 'upload', action: 'push', repository: 'a/b' }],
    [
      'POST',
      `/v2/a/blobs/uploads/?mount=${DIGEST}&from=other`,
      { kind: 'uploads', action: 'push', mountFrom: 'other' },
    ],
    ['GET', '/v2/_catalog', { kind: 'catalog' }],
  ];
  for (const [method, target, expected] of REQUESTS) {
    it(`${method} ${target}`, () => {
      const fields = fieldsOf({ method, request: requestOf(method, target), path: target.split('?')[0] });
      expect(fields).toMatchObject(expected);
      expect(JSON.stringify(fields)).not.toContain('secret');
    });
  }

  it('names the reason where the gate answered itself', () => {
    const problem = { code: 'UNAUTHORIZED', reason: 'Sign in first.' };
    expect(fieldsOf({ status: 401, problem, user: undefined, request: undefined })).toMatchObject({
      status: 401,
      error: 'UNAUTHORIZED',
      reason: 'Sign in first.',
    });
  });

  it('stays one line, whatever a client writes into it', () => {
    const nasty = 'a\r\n{"level":60}\u001b[31m\u2028\u0000"';
    const [line = ''] = linesOf({ userAgent: nasty, path: `/${nasty}` });
    expect(line.trimEnd().split(/[\r\n]/)).toHaveLength(1);
    expect(JSON.parse(line)).toMatchObject({ agent: nasty, path: `/${nasty}` });
  });
});

describe('how loud it is', () => {
  const LEVELS: readonly (readonly [string, Partial<Exchange>, number])[] = [
    ['a pull', {}, 30],
    ['a refusal', { status: 401 }, 30],
    ['a failure', { status: 502 }, 40],
    ['a health check', { path: '/healthz', request: undefined }, 20],
    ['a readiness check', { path: '/readyz', request: undefined }, 20],
    ['a readiness check that fails', { path: '/readyz', request: undefined, status: 503 }, 40],
  ];
  for (const [name, change, level] of LEVELS) {
    it(`${name}: ${level}`, () => expect(fieldsOf(change)).toMatchObject({ level }));
  }

  it('health checks are not seen by default', () => {
    expect(linesOf({ path: '/healthz', request: undefined })).toEqual([]);
  });
});
