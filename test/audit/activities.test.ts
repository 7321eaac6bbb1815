import { describe, expect, it } from 'vitest';
import { keyOf } from '../../src/audit/activity.ts';
import { createActivities, type Activities } from '../../src/audit/activities.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { factOf } from '../../src/audit/fact.ts';
import type { Exchange } from '../../src/observe/exchange.ts';
import { DIGEST, OTHER, exchangeOf } from '../support/exchange.ts';

const START = Date.UTC(2026, 10, 22);
const LAYERS = [1, 2, 3].map((n) => `sha256:${String(n).repeat(64)}`);
const [ONE, TWO, THREE] = LAYERS;

interface Bench {
  readonly acts: Activities;
  readonly events: AuditEvent[];
  /** One exchange, so many milliseconds after the start. */
  does(line: string, change?: Partial<Exchange>, at?: number): void;
  /** All that is silent at this time ends. */
  pass(at: number, busy?: readonly string[]): void;
}

function bench(maxBytes?: number): Bench {
  const events: AuditEvent[] = [];
  const acts = createActivities({
    write: (event) => void events.push(event),
    ...(maxBytes !== undefined && { maxBytes }),
  });
  let last = 0;
  return {
    acts,
    events,
    does: (line, change, at = last + 10) => {
      last = at;
      const fact = factOf(exchangeOf(line, change), () => ({ at, time: START + at }));
      if (fact !== undefined) acts.add(fact);
    },
    pass: (at, busy = []) => acts.end(acts.due(at), new Set(busy)),
  };
}

function upload(
  { does }: Bench,
  digest: string | undefined,
  bytes: number,
  who: Partial<Exchange> = {},
): void {
  does('POST /v2/app/blobs/uploads/', { status: 202, ...who });
  does('PATCH /v2/app/blobs/uploads/u', { status: 202, received: bytes, ...who });
  does(`PUT /v2/app/blobs/uploads/u?digest=${digest}`, { status: 201, ...who });
}

const PUT = { status: 201, digest: DIGEST, received: 100 } as const;

describe('a push', () => {
  it('is one event, with all that came before its tag', () => {
    const b = bench();
    b.does(`HEAD /v2/app/blobs/${ONE}`, { status: 404 });
    upload(b, ONE, 1000);
    b.does(`HEAD /v2/app/blobs/${ONE}`);
    b.does(`HEAD /v2/app/blobs/${TWO}`);
    b.does(`POST /v2/app/blobs/uploads/?mount=${THREE}&from=base`, { status: 201 });
    b.does('PUT /v2/app/manifests/1', PUT);
    expect(b.events).toEqual([
      {
        time: new Date(START + 80).toISOString(),
        event: 'push',
        result: 'done',
        id: 'ab-1',
        user: 'alice',
        signedInBy: 'password',
        address: '192.0.2.7',
        repository: 'app',
        tag: '1',
        digest: DIGEST,
        manifests: 1,
        layers: { uploaded: 1, mounted: 1, existing: 1 },
        bytes: 1100,
        ms: 65,
        rule: 'every user',
        status: undefined,
      },
    ]);
    b.pass(1e9);
    b.acts.endAll();
    expect(b.events).toHaveLength(1);
  });

  it('of several platforms is one event', () => {
    const b = bench();
    b.does(`PUT /v2/app/manifests/${ONE}`, { status: 201 });
    b.does(`PUT /v2/app/manifests/${TWO}`, { status: 201 });
    b.does('PUT /v2/app/manifests/all', PUT);
    expect(b.events).toMatchObject([{ event: 'push', tag: 'all', digest: DIGEST, manifests: 3 }]);
  });

  it('by its digest ends when nothing follows', () => {
    const b = bench();
    b.does(`PUT /v2/app/manifests/${DIGEST}`, { status: 201 }, 0);
    b.pass(119_000);
    expect(b.events).toEqual([]);
    b.pass(120_000);
    expect(b.events).toMatchObject([{ event: 'push', result: 'done', tag: undefined, digest: DIGEST }]);
  });

  it('has one event for each tag that the manifest is given at once', () => {
    const b = bench();
    upload(b, ONE, 10);
    b.does(`PUT /v2/app/manifests/${DIGEST}?tag=a&tag=b`, { status: 201 });
    expect(b.events).toMatchObject([
      { tag: 'a', manifests: 1, layers: { uploaded: 1 } },
      { tag: 'b', manifests: 0, bytes: 0 },
    ]);
  });

  it('that never gets its manifest is incomplete, but not while something is under way', () => {
    const b = bench();
    upload(b, ONE, 10);
    const key = keyOf('push', { user: 'alice', address: '192.0.2.7', repository: 'app' });
    b.pass(1e6, [key]);
    expect(b.events).toEqual([]);
    b.pass(1e6);
    expect(b.events).toMatchObject([
      { event: 'push', result: 'incomplete', layers: { uploaded: 1 }, bytes: 10 },
    ]);
  });

  it('that is tried again after a refusal is one event; one that is not is failed', () => {
    const b = bench();
    upload(b, ONE, 10);
    b.does('PUT /v2/app/manifests/1', { status: 500 });
    b.does('PUT /v2/app/manifests/1', PUT);
    expect(b.events).toMatchObject([{ result: 'done', status: undefined, layers: { uploaded: 1 } }]);
    b.does('PUT /v2/app/manifests/2', { status: 400 });
    b.pass(1e9);
    expect(b.events[1]).toMatchObject({ result: 'failed', status: 400, tag: '2', manifests: 0 });
  });

  it('is none where somebody only looked', () => {
    const b = bench();
    b.does(`HEAD /v2/app/blobs/${ONE}`);
    b.acts.endAll();
    expect(b.events).toEqual([]);
  });

  const ELSEWHERE: readonly (readonly [string, Partial<Exchange>])[] = [
    ['user', { user: 'bob' }],
    ['address', { address: '192.0.2.8' }],
  ];
  it.each(ELSEWHERE)('of another %s is another push', (_name, who) => {
    const b = bench();
    upload(b, ONE, 10);
    upload(b, TWO, 20, who);
    b.does('PUT /v2/app/manifests/1', { ...PUT, ...who });
    b.does('PUT /v2/app/manifests/2', PUT);
    expect(b.events).toMatchObject([
      { ...who, tag: '1', bytes: 120 },
      { tag: '2', bytes: 110 },
    ]);
  });

  it('and another one of the same user at once have all layers between them, each once', () => {
    const b = bench();
    upload(b, ONE, 10);
    upload(b, TWO, 20);
    b.does('PUT /v2/app/manifests/1', PUT);
    upload(b, THREE, 30);
    b.does('PUT /v2/app/manifests/2', PUT);
    expect(b.events.map(({ layers }) => layers?.['uploaded'])).toEqual([2, 1]);
  });

  it('counts more layers than it remembers', () => {
    const b = bench();
    for (let n = 0; n < 1500; n += 1) {
      const digest = `sha256:${n.toString(16).padStart(64, '0')}`;
      b.does(`PUT /v2/app/blobs/uploads/u?digest=${digest}`, { status: 201 });
    }
    b.does('PUT /v2/app/manifests/1', PUT);
    expect(b.events).toMatchObject([{ layers: { uploaded: 1500 } }]);
  });
});

describe('a pull', () => {
  const GET = { digest: DIGEST, sent: 50 } as const;

  it('is one event, which ends when it is quiet', () => {
    const b = bench();
    b.does('GET /v2/app/manifests/1', GET, 0);
    b.does(`GET /v2/app/blobs/${ONE}`, { sent: 100 }, 5000);
    b.does(`GET /v2/app/blobs/${TWO}`, { sent: 200 }, 14_000);
    b.pass(23_000);
    expect(b.events).toEqual([]);
    b.pass(24_000);
    expect(b.events).toMatchObject([
      {
        time: new Date(START + 14_000).toISOString(),
        event: 'pull',
        result: 'done',
        tag: '1',
        digest: DIGEST,
        manifests: 1,
        layers: { fetched: 2, broken: 0 },
        bytes: 350,
        ms: 14_005,
      },
    ]);
  });

  it('has the tag of the look that came before its digest', () => {
    const b = bench();
    b.does('HEAD /v2/app/manifests/1', { digest: DIGEST });
    b.does(`GET /v2/app/manifests/${DIGEST}`, GET);
    b.acts.endAll();
    expect(b.events).toMatchObject([{ tag: '1', digest: DIGEST, manifests: 1 }]);
  });

  it('is none where somebody only looked', () => {
    const b = bench();
    b.does('HEAD /v2/app/manifests/1', { digest: DIGEST });
    b.acts.endAll();
    expect(b.events).toEqual([]);
  });

  it('of an index has the manifests that it leads to', () => {
    const b = bench();
    b.does('GET /v2/app/manifests/1', GET);
    b.does(`GET /v2/app/manifests/${OTHER}`, { digest: OTHER });
    b.does(`GET /v2/app/blobs/${ONE}`);
    b.acts.endAll();
    expect(b.events).toMatchObject([{ digest: DIGEST, manifests: 2, layers: { fetched: 1 } }]);
  });

  it('that breaks is incomplete, unless the layer comes at another try', () => {
    const b = bench();
    b.does('GET /v2/app/manifests/1', GET);
    b.does(`GET /v2/app/blobs/${ONE}`, { outcome: 'cut', sent: 10 });
    b.does(`GET /v2/app/blobs/${TWO}`, { outcome: 'client-left', sent: 10 });
    b.does(`GET /v2/app/blobs/${ONE}`, { status: 206, sent: 90 });
    b.acts.endAll();
    expect(b.events).toMatchObject([{ result: 'incomplete', layers: { fetched: 1, broken: 1 }, bytes: 160 }]);
  });

  const AGAIN: readonly (readonly [string, readonly (readonly [string, Partial<Exchange>])[], number])[] = [
    ['another tag', [['GET /v2/app/manifests/2', { digest: OTHER }]], 2],
    ['the same tag, before any layer', [['GET /v2/app/manifests/1', GET]], 1],
    [
      'the same tag, after layers',
      [
        [`GET /v2/app/blobs/${ONE}`, {}],
        ['GET /v2/app/manifests/1', GET],
      ],
      2,
    ],
    ['another repository', [['GET /v2/other/manifests/1', GET]], 2],
  ];
  it.each(AGAIN)('and %s', (_name, lines, count) => {
    const b = bench();
    b.does('GET /v2/app/manifests/1', GET);
    for (const [line, change] of lines) b.does(line, change);
    b.acts.endAll();
    expect(b.events).toHaveLength(count);
  });

  it('may be layers alone', () => {
    const b = bench();
    b.does(`GET /v2/app/blobs/${ONE}`, { sent: 10 });
    b.acts.endAll();
    expect(b.events).toMatchObject([{ event: 'pull', tag: undefined, manifests: 0, layers: { fetched: 1 } }]);
  });
});

describe('what is repeated', () => {
  const DENIED = { status: 403, problem: { code: 'DENIED', reason: 'no' } } as const;

  it('is one line, with its count, two seconds after the first', () => {
    const b = bench();
    for (let n = 0; n < 6; n += 1) b.does(`HEAD /v2/app/blobs/${LAYERS[n % 3]}`, DENIED, n * 300);
    b.pass(1999);
    expect(b.events).toEqual([]);
    b.pass(2000);
    expect(b.events).toMatchObject([
      { event: 'denial', result: 'denied', action: 'pull', repository: 'app', requests: 6, reason: 'DENIED' },
    ]);
  });

  it('does not stay open for those who never stop', () => {
    const b = bench();
    for (let n = 0; n < 100; n += 1) {
      b.does(
        'GET /v2/',
        { user: undefined, signedInBy: undefined, status: 401, failedLogin: 'wrong-password' },
        n * 100,
      );
      b.pass(n * 100);
    }
    b.acts.endAll();
    expect(b.events.map(({ requests }) => requests)).toEqual([21, 21, 21, 21, 16]);
    expect(b.events[0]).toMatchObject({ event: 'login', result: 'wrong' });
    expect(b.events[0]?.user).toBeUndefined();
  });

  it('tells signing in to the pages and out from a wrong password', () => {
    const b = bench();
    b.does('POST /sign-in', { status: 303, session: 'began' }, 0);
    b.does('POST /sign-out', { status: 303, session: 'ended', signedInBy: 'session' }, 100);
    b.acts.endAll();
    expect(b.events).toMatchObject([
      { event: 'login', result: 'done', user: 'alice', signedInBy: 'password' },
      { event: 'logout', result: 'done', user: 'alice', signedInBy: 'session' },
    ]);
  });
});

it('writes what was silent for the longest time, where there is too much', () => {
  // Room for two pulls of one manifest.
  const b = bench(7500);
  for (const [at, name] of ['one', 'two', 'one', 'three'].entries())
    b.does(`GET /v2/${name}/manifests/1`, { digest: DIGEST }, at * 1000);
  expect(b.events).toMatchObject([{ repository: 'two' }]);
});

it('writes early what holds too many layers, whoever goes on with it', () => {
  const b = bench(1024 * 1024);
  for (let at = 0; at < 20_000; at += 1) {
    const digest = `sha256:${String(at).padStart(64, '0')}`;
    b.does(`GET /v2/team/app-${at % 40}/blobs/${digest}`, { status: 200 }, at);
  }
  // Forty pulls of five hundred layers would be ten times as much.
  expect(b.events.length).toBeGreaterThan(5);
});

describe('what owners do on the web pages', () => {
  it('is a line that names who did what for whom, at once', () => {
    const { acts, events } = bench();
    acts.add({
      kind: 'owner',
      at: 5,
      time: START,
      ms: 0,
      bytes: 0,
      by: 'session',
      user: 'alice',
      address: '192.0.2.7',
      action: 'revoke',
      target: 'bob',
      token: 'd-1f0c9a2b4d',
      isDone: true,
    });
    expect(events).toEqual([
      expect.objectContaining({
        event: 'owner',
        result: 'done',
        user: 'alice',
        signedInBy: 'session',
        address: '192.0.2.7',
        action: 'revoke',
        target: 'bob',
        token: 'd-1f0c9a2b4d',
      }),
    ]);
  });
});
