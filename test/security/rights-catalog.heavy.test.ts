import { describe, expect, it } from 'vitest';
import type { RawAnswer } from '../support/raw-client.ts';
import { basic } from '../support/test-gate.ts';
import { FIXTURE_RULE, as, useRights } from './rights-fixture.ts';

/** More in a row that bob may not see than are looked through for one answer. */
const HIDDEN = Array.from({ length: 25_000 }, (_, at) => `hidden/${String(at).padStart(6, '0')}`);
const NAMES = ['a/first', 'a/second', ...HIDDEN, 'secret/name', 'z/last'].toSorted();
const RULES = `rules:
  - ${FIXTURE_RULE}
  - { who: bob, repositories: ['a/*', 'z/**'], allow: pull }
  - { who: carol, repositories: 'hidden/000001', allow: pull }
  - { who: dora, repositories: 'a/**', allow: [push, delete] }
  - { who: anonymous, repositories: 'a/first', allow: pull }
`;
const linkOf = (answer: RawAnswer): string | undefined =>
  /^<(\/v2\/_catalog\?[^>]+)>; rel="next"$/.exec(answer.header('link') ?? '')?.[1];

describe('a catalog with more hidden names than visible ones', () => {
  const fixture = useRights({
    rules: RULES,
    users: ['bob', 'carol', 'dora'],
    machines: [{ id: 'm-1', name: 'ci', scope: [{ repositories: ['z/*'], allow: ['pull'] }] }],
  });

  /** The registry: returns every name, page by page, to every client. */
  function script(): void {
    fixture().backend.script({
      onRequest: (socket, { target }) => {
        const query = new URLSearchParams(target.split('?')[1]);
        const n = Number(query.get('n') ?? 100);
        const last = query.get('last');
        const start = last === null ? 0 : NAMES.findIndex((name) => name > last);
        const names = start < 0 ? [] : NAMES.slice(start, start + n);
        const body = target.startsWith('/v2/_catalog') ? JSON.stringify({ repositories: names }) : '{}';
        const link =
          start >= 0 && start + n < NAMES.length
            ? `Link: </v2/_catalog?last=${names.at(-1)}&n=${n}>; rel="next"\r\n`
            : '';
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${link}Content-Length: ${body.length}\r\n\r\n${body}`,
        );
      },
    });
  }

  /** All pages, from this one on. */
  async function walk(first: string, authorization: string): Promise<readonly RawAnswer[]> {
    const answers: RawAnswer[] = [];
    for (let target: string | undefined = first; target !== undefined && answers.length < 50;) {
      const answer = await fixture().ask(`GET ${target}`, authorization);
      answers.push(answer);
      target = linkOf(answer);
    }
    return answers;
  }
  const namesOf = (answers: readonly RawAnswer[]): readonly string[] =>
    answers.flatMap(({ body }) => JSON.parse(body).repositories);

  it.each<[who: string, n: string, names: readonly string[]]>([
    ['bob', '?n=1', ['a/first', 'a/second', 'z/last']],
    ['bob', '?n=2', ['a/first', 'a/second', 'z/last']],
    ['bob', '?n=3', ['a/first', 'a/second', 'z/last']],
    ['bob', '?n=1000', ['a/first', 'a/second', 'z/last']],
    ['bob', '?n=-1', ['a/first', 'a/second', 'z/last']],
    ['bob', '', ['a/first', 'a/second', 'z/last']],
    ['bob', '?n=0', []],
    ['bob', '?n=1&last=a/first', ['a/second', 'z/last']],
    ['bob', '?last=hidden/000077&n=5', ['z/last']],
    ['bob', '?last=no/such%0d%0aname', ['z/last']],
    ['bob', '?last=zzz', []],
    ['carol', '?n=1', ['a/first', 'hidden/000001']],
    ['dora', '?n=1', ['a/first']],
    ['ci', '?n=1', ['z/last']],
  ])('%s walks it with %j, and no Link names what is hidden', async (who, query, names) => {
    script();
    const authorization = who === 'ci' ? basic('ci', fixture().secrets[0] ?? '') : as(who);
    const answers = await walk(`/v2/_catalog${query}`, authorization);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(namesOf(answers)).toEqual(names);
    for (const answer of answers) {
      expect(decodeURIComponent(answer.header('link') ?? '')).not.toMatch(/secret|hidden\/00(?!0001&)/);
      expect(answer.header('cache-control')).toBe('no-store');
    }
  });

  it('tells by HEAD what it tells by GET', async () => {
    script();
    for (const target of ['/v2/_catalog?n=1', '/v2/_catalog?n=2', '/v2/_catalog?last=zz']) {
      const [got, head] = [
        await fixture().ask(`GET ${target}`, as('bob')),
        await fixture().ask(`HEAD ${target}`, as('bob')),
      ];
      const plain = (answer: RawAnswer): unknown => answer.headers.filter(([name]) => name !== 'date');
      expect([head.status, plain(head)]).toEqual([got.status, plain(got)]);
    }
  });

  it('gives back a place that is hidden to nobody who changed it, and no name by it', async () => {
    script();
    const [place = ''] = (await walk('/v2/_catalog?n=3', as('bob'))).flatMap((answer) => {
      const link = linkOf(answer);
      return link?.includes('last=~') === true || link?.includes('last=%7E') === true ? [link] : [];
    });
    expect(place).toMatch(/last=(?:~|%7E)[\w-]{40,}/);
    const last = new URLSearchParams(place.split('?')[1]).get('last') ?? '';
    expect(Buffer.from(last.slice(1), 'base64url').toString('latin1')).not.toContain('hidden');
    const middle = last[30] === 'A' ? 'B' : 'A';
    for (const changed of [
      `${last.slice(0, 30)}${middle}${last.slice(31)}`,
      last.slice(0, -8),
      '~',
      '~x',
      `~${'A'.repeat(80)}`,
    ]) {
      const { status, body } = await fixture().ask(
        `GET /v2/_catalog?n=3&last=${encodeURIComponent(changed)}`,
        as('bob'),
      );
      expect([changed, status, body.includes('hidden')]).toEqual([changed, 400, false]);
    }
  });

  it('is for nobody who has not signed in, whatever their token says, and for no other page size', async () => {
    script();
    await fixture().seen();
    const asked = [
      undefined,
      'Basic Og==',
      await fixture().bearer(undefined, 'registry:catalog:*&scope=repository:a/first:pull'),
    ];
    for (const authorization of asked) {
      const answer = await fixture().ask('GET /v2/_catalog', authorization);
      expect([answer.status, answer.body.includes('a/first')]).toEqual([401, false]);
    }
    for (const query of ['%6e=1', 'x=1&x=2', 'x=%ff'])
      expect((await fixture().ask(`GET /v2/_catalog?${query}`, as('bob'))).status).toBe(400);
    for (const line of [
      'GET /v2/_catalog/',
      'GET /v2/_Catalog',
      'GET /v2/%5fcatalog',
      'POST /v2/_catalog',
      'DELETE /v2/_catalog',
    ])
      expect([400, 404, 405]).toContain((await fixture().ask(line, as('bob'))).status);
    expect(await fixture().seen()).toEqual([]);
  });

  it('is refused, and nobody is harmed, where the registry gives none', async () => {
    const bodies = [
      '',
      '[]',
      '{"repositories":[1]}',
      '{"repositories":{}}',
      `{"repositories":["a/\\ud800"]}`,
    ];
    for (const [at, body] of bodies.entries()) {
      fixture().backend.script({
        onRequest: (socket) =>
          void socket.write(
            `HTTP/1.1 200 OK\r\nLink: <x>; rel="next"\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          ),
      });
      // From a place that no page is remembered of.
      const { status } = await fixture().ask(`GET /v2/_catalog?n=1&last=zz${at}`, as('bob'));
      expect([body, status]).toEqual([body, 502]);
    }
    script();
    expect((await fixture().ask('GET /v2/_catalog?n=1', as('bob'))).status).toBe(200);
  });
});
