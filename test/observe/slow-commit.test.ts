import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/observe/exchange.ts';
import { warnOfSlowCommit } from '../../src/observe/access-log.ts';
import { parseRegistryRequest } from '../../src/oci/request/parse.ts';

const UPLOAD = '/v2/a/blobs/uploads/5';

function warnings(method: string, target: string, change: Partial<Exchange>): readonly object[] {
  const parsed = parseRegistryRequest(method, target);
  const said: object[] = [];
  const quiet = (): void => undefined;
  const logger = {
    debug: quiet,
    info: quiet,
    error: quiet,
    warn: (fields: object) => void said.push(fields),
  };
  warnOfSlowCommit(logger, {
    id: 'a-1',
    address: '192.0.2.7',
    method,
    path: target,
    userAgent: undefined,
    request: parsed.kind === 'request' ? parsed.request : undefined,
    user: 'alice',
    rule: undefined,
    mount: undefined,
    status: 201,
    problem: undefined,
    failedLogin: undefined,
    traceparent: undefined,
    received: 0,
    sent: 0,
    milliseconds: 60_000,
    millisecondsSinceBody: 20_500,
    outcome: 'complete',
    ...change,
  });
  return said;
}

describe('a registry that takes long to keep a layer', () => {
  it('is warned of, with the request and the seconds', () => {
    expect(warnings('PUT', UPLOAD, {})).toEqual([{ id: 'a-1', status: 201, seconds: 21 }]);
  });

  it('is warned of where the client gave up', () => {
    const change = { status: 0, outcome: 'client-left', millisecondsSinceBody: 30_000 } as const;
    expect(warnings('PUT', UPLOAD, change)).toEqual([{ id: 'a-1', status: 0, seconds: 30 }]);
  });

  const QUIET: readonly (readonly [string, string, string, Partial<Exchange>])[] = [
    ['one in time, of a long upload', 'PUT', UPLOAD, { millisecondsSinceBody: 19_999 }],
    ['a body that did not come whole', 'PUT', UPLOAD, { millisecondsSinceBody: undefined }],
    ['a piece', 'PATCH', UPLOAD, {}],
    ['a manifest', 'PUT', '/v2/a/manifests/latest', {}],
    ['a pull', 'GET', `/v2/a/blobs/sha256:${'a'.repeat(64)}`, {}],
    ['a page', 'GET', '/healthz', {}],
  ];
  it.each(QUIET)('%s: no warning', (_name, method, target, change) => {
    expect(warnings(method, target, change)).toEqual([]);
  });
});
