import { describe, expect, it } from 'vitest';
import { factOf, type Fact } from '../../src/audit/fact.ts';
import type { Exchange } from '../../src/observe/exchange.ts';
import { DIGEST, OTHER, exchangeOf } from '../support/exchange.ts';

const NOW = { at: 1000, time: Date.UTC(2026, 10, 22) };
const of = (line: string, change?: Partial<Exchange>): Fact | undefined =>
  factOf(exchangeOf(line, change), () => NOW);
const problem = (code: string): Pick<Exchange, 'problem'> => ({ problem: { code, reason: 'no' } });
const NOBODY = { user: undefined, signedInBy: undefined } as const;

describe('factOf', () => {
  const NOTHING: readonly (readonly [string, string, Partial<Exchange>])[] = [
    ['the ping', 'GET /v2/', {}],
    ['a challenge to a stranger', 'GET /v2/', { ...NOBODY, status: 401, ...problem('UNAUTHORIZED') }],
    ...(
      [
        ['a push', 'POST /v2/app/blobs/uploads/'],
        ['a part of a layer', 'PATCH /v2/app/blobs/uploads/u1'],
        ['a manifest', 'PUT /v2/app/manifests/1'],
        ['a deletion', 'DELETE /v2/app/manifests/1'],
      ] as const
    ).map(([what, line]): readonly [string, string, Partial<Exchange>] => [
      `a challenge to ${what}`,
      line,
      { ...NOBODY, status: 401, ...problem('UNAUTHORIZED') },
    ]),
    ['a list of tags', 'GET /v2/app/tags/list', {}],
    ['the catalog', 'GET /v2/_catalog', {}],
    ['a manifest that is not there', 'GET /v2/app/manifests/1', { status: 404 }],
    ['a manifest that the client has', 'GET /v2/app/manifests/1', { status: 304 }],
    ['a layer that is not there', `HEAD /v2/app/blobs/${DIGEST}`, { status: 404 }],
    ['where an upload stands', 'GET /v2/app/blobs/uploads/u1', { status: 204 }],
    ['a page', 'GET /healthz', NOBODY],
    ['a target that is none', 'GET /v2/app/manifests/..', { status: 404, ...problem('NAME_INVALID') }],
    ['a busy gate', 'GET /v2/', { ...NOBODY, status: 503, ...problem('UNAVAILABLE') }],
  ];
  it.each(NOTHING)('has nothing to say of %s', (_name, line, change) => {
    expect(of(line, change)).toBeUndefined();
  });

  const FACTS: readonly (readonly [string, string, Partial<Exchange>, Partial<Fact>])[] = [
    [
      'a manifest that is pulled',
      'GET /v2/app/manifests/1',
      { digest: DIGEST, sent: 7, received: 1 },
      { kind: 'manifest-get', tags: ['1'], digest: DIGEST, bytes: 7, isDone: true },
    ],
    [
      'a manifest that is pushed by its digest, with tags',
      `PUT /v2/app/manifests/${DIGEST}?tag=1&tag=2`,
      { status: 201, received: 9 },
      { kind: 'manifest-put', tags: ['1', '2'], digest: DIGEST, bytes: 9 },
    ],
    [
      'a manifest that is refused by the registry',
      'PUT /v2/app/manifests/1',
      { status: 400 },
      { kind: 'manifest-put', isDone: false, status: 400 },
    ],
    ['a look', 'HEAD /v2/app/manifests/1', { digest: DIGEST }, { kind: 'manifest-look', digest: DIGEST }],
    ['a layer that is pulled', `GET /v2/app/blobs/${DIGEST}`, { sent: 5 }, { kind: 'layer-get', bytes: 5 }],
    [
      'a layer that is not taken to its end',
      `GET /v2/app/blobs/${DIGEST}`,
      { outcome: 'client-left', sent: 5 },
      { kind: 'layer-get', isDone: false, bytes: 5 },
    ],
    [
      'a part of a layer',
      `GET /v2/app/blobs/${DIGEST}`,
      { status: 206 },
      { kind: 'layer-get', isDone: true },
    ],
    ['a layer that is there', `HEAD /v2/app/blobs/${DIGEST}`, {}, { kind: 'layer-look', digest: DIGEST }],
    ['an upload that begins', 'POST /v2/app/blobs/uploads/', { status: 202 }, { kind: 'layer-part' }],
    [
      'an upload in one go',
      `POST /v2/app/blobs/uploads/?digest=${DIGEST}`,
      { status: 201, received: 3 },
      { kind: 'layer-put', digest: DIGEST, bytes: 3 },
    ],
    [
      'a mount',
      `POST /v2/app/blobs/uploads/?mount=${OTHER}&from=base`,
      { status: 201 },
      { kind: 'layer-mount', digest: OTHER },
    ],
    [
      'a mount that was none',
      `POST /v2/app/blobs/uploads/?mount=${OTHER}&from=base`,
      { status: 202 },
      { kind: 'layer-part' },
    ],
    [
      'a piece',
      'PATCH /v2/app/blobs/uploads/u1',
      { status: 202, received: 4 },
      { kind: 'layer-part', bytes: 4 },
    ],
    [
      'the end of an upload',
      `PUT /v2/app/blobs/uploads/u1?digest=${DIGEST}`,
      { status: 201 },
      { kind: 'layer-put', digest: DIGEST },
    ],
    ['a delete', `DELETE /v2/app/manifests/${DIGEST}`, { status: 202 }, { kind: 'delete', digest: DIGEST }],
    [
      'a denial',
      'PUT /v2/app/manifests/1',
      { status: 403, ...problem('DENIED') },
      { kind: 'denial', reason: 'DENIED', repository: 'app', action: 'push' },
    ],
    [
      'a token that is for nobody, and not enough',
      'GET /v2/app/manifests/1',
      { user: undefined, signedInBy: 'access-token', status: 401, ...problem('UNAUTHORIZED') },
      { kind: 'denial', user: undefined, by: 'access-token' },
    ],
    [
      'a wrong password',
      'GET /v2/',
      { ...NOBODY, status: 401, failedLogin: 'wrong-password', ...problem('UNAUTHORIZED') },
      { kind: 'login', reason: 'wrong-password', user: undefined },
    ],
    [
      'a wrong token',
      'GET /v2/',
      { ...NOBODY, status: 401, failedLogin: 'wrong-token', ...problem('UNAUTHORIZED') },
      { kind: 'token', reason: 'wrong-token' },
    ],
    [
      'a sign-in to the pages',
      'POST /sign-in',
      { session: 'began', status: 303 },
      { kind: 'login', user: 'alice', by: 'password', reason: undefined },
    ],
    [
      'a sign-out',
      'POST /sign-out',
      { session: 'ended', signedInBy: 'session', status: 303 },
      { kind: 'logout', user: 'alice', by: 'session' },
    ],
    ['a token', 'GET /token', { issued: 'access-token' }, { kind: 'token', reason: 'access-token' }],
  ];
  it.each(FACTS)('knows %s', (_name, line, change, expected) => {
    expect(of(line, change)).toMatchObject({ ...NOW, id: 'ab-1', address: '192.0.2.7', ...expected });
  });
});
