import { describe, expect, it } from 'vitest';
import { parseRegistryRequest, type RegistryRequest } from '../../../src/oci/request/parse.ts';
import { withoutMount } from '../../../src/oci/request/without-mount.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

function requestOf(target: string): RegistryRequest {
  const outcome = parseRegistryRequest('POST', target);
  if (outcome.kind !== 'request') throw new Error(outcome.kind);
  return outcome.request;
}

describe('withoutMount', () => {
  it.each([
    [`?mount=${DIGEST}&from=secret/x`, ''],
    [`?from=secret%2Fx&mount=${DIGEST.replace(':', '%3A')}`, ''],
    [`?mount=${DIGEST}`, ''],
    ['?from=secret/x', ''],
    [`?a=1&mount=${DIGEST}&b=%20&from=secret/x&c`, '?a=1&b=%20&c'],
    ['', ''],
    [`?digest=${DIGEST}`, `?digest=${DIGEST}`],
  ])('%s becomes %s', (query, expected) => {
    const request = requestOf(`/v2/team/app/blobs/uploads/${query}`);
    const stripped = withoutMount(request);
    expect(stripped).toMatchObject({
      method: 'POST',
      route: request.route,
      action: 'push',
      mount: undefined,
      target: `/v2/team/app/blobs/uploads/${expected}`,
    });
    expect([stripped.query.get('mount'), stripped.query.get('from')]).toEqual([undefined, undefined]);
    expect(stripped.query.get('digest')).toBe(request.query.get('digest'));
    expect(requestOf(stripped.target).target).toBe(stripped.target);
  });
});
