import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../../src/app/pages/inventory-events.ts';
import { DIGEST, exchangeOf } from '../../support/exchange.ts';

function noted(line: string, status: number): readonly string[] {
  return eventsOf(exchangeOf(line, { status }), 7).map(
    ({ kind, repository, reference, by, at }) => `${kind} ${repository} ${reference} ${by} ${at}`,
  );
}

describe('what an exchange means for the inventory', () => {
  it.each([
    ['a push', 'PUT', '/v2/team/app/manifests/1', 201, ['pushed team/app 1 alice 7']],
    ['a push that was refused', 'PUT', '/v2/team/app/manifests/1', 400, []],
    ['a push by digest', 'PUT', `/v2/a/manifests/${DIGEST}`, 201, [`pushed a ${DIGEST} alice 7`]],
    [
      'a push by digest with tags',
      'PUT',
      `/v2/a/manifests/${DIGEST}?tag=1&tag=2&tag=%2F`,
      201,
      [`pushed a ${DIGEST} alice 7`, 'pushed a 1 alice 7', 'pushed a 2 alice 7'],
    ],
    ['a deletion', 'DELETE', '/v2/a/manifests/1', 202, ['deleted a 1 alice 7']],
    ['a deletion of nothing', 'DELETE', '/v2/a/manifests/1', 404, []],
    ['a pull', 'GET', '/v2/a/manifests/1', 200, ['pulled a 1 alice 7']],
    ['a look', 'HEAD', '/v2/a/manifests/1', 200, []],
    ['a layer', 'GET', `/v2/a/blobs/${DIGEST}`, 200, []],
    ['no registry request', 'GET', '/healthz', 200, []],
    ['a connection that was cut', 'GET', '/v2/a/manifests/1', 0, []],
  ])('%s', (...[, method, target, status, events]) => {
    expect(noted(`${method} ${target}`, status)).toEqual(events);
  });
});
