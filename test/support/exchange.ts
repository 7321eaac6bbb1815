import type { Exchange } from '../../src/observe/exchange.ts';
import { parseRegistryRequest } from '../../src/oci/request/parse.ts';

export const DIGEST = `sha256:${'a'.repeat(64)}`;
export const OTHER = `sha256:${'b'.repeat(64)}`;

/** An exchange that ended well, for this request line: `GET /v2/team/app/manifests/latest`. */
export function exchangeOf(line: string, change: Partial<Exchange> = {}): Exchange {
  const [method = '', target = ''] = line.split(' ');
  const parsed = parseRegistryRequest(method, target);
  return {
    id: 'ab-1',
    address: '192.0.2.7',
    method,
    path: target.split('?')[0],
    userAgent: 'docker/27.0',
    request: parsed.kind === 'request' ? parsed.request : undefined,
    user: 'alice',
    signedInBy: 'password',
    rule: 'every user',
    mount: undefined,
    status: 200,
    problem: undefined,
    failedLogin: undefined,
    traceparent: undefined,
    received: 0,
    sent: 0,
    milliseconds: 5,
    millisecondsSinceBody: 5,
    outcome: 'complete',
    ...change,
  };
}
