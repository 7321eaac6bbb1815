import { describe, expect, it } from 'vitest';
import { ANONYMOUS } from '../../../src/auth/principal.ts';
import { answerPage } from '../../../src/pages/frame/answer.ts';
import { parsePageAddress } from '../../../src/pages/request/page-address.ts';
import type { PageAnswer, PageHandler } from '../../../src/pages/request/page-request.ts';
import { createTurns } from '../../../src/pages/request/page-turns.ts';
import { readRequest } from '../../../src/pages/request/read-request.ts';
import { html } from '../../../src/pages/text/html.ts';
import { pageCall } from '../../support/page-call.ts';

const TARGET = '/r/team/app';

/** The answer of a handler, and what was told of its failure. */
async function ask(get: PageHandler, signal?: AbortSignal): Promise<PageAnswer & { failures: unknown[] }> {
  const failures: unknown[] = [];
  const address = parsePageAddress(TARGET);
  if (address === undefined) throw new Error('no address');
  const principal = { ...ANONYMOUS, kind: 'user', name: 'alice', proof: 'password' } as const;
  const session = async () => ({ id: 's-1', principal, csrf: 'c' });
  const request = await readRequest(
    { session, isOwner: () => false },
    {
      method: 'GET',
      address,
      target: TARGET,
      form: undefined,
      acceptLanguage: 'en',
      client: {
        address: '192.0.2.1',
        host: 'registry.lan',
        agent: '',
        cookies: undefined,
        requestId: 'r',
        source: { fetchSite: 'same-origin', origin: undefined },
        signal,
      },
    },
  );
  const options = { anonymous: () => false, forOwners: false, onFailure: (it: unknown) => failures.push(it) };
  const answer = await answerPage(
    { ...options, routes: { repository: { get } }, turns: createTurns() },
    request,
  );
  return { ...answer, failures };
}

describe('a page', () => {
  it('that becomes too large is one that says so', async () => {
    const get: PageHandler = () => ({ kind: 'page', title: '', body: html`${'a'.repeat(3_000_000)}` });
    expect(await ask(get)).toMatchObject({ status: 422, title: 'Too large for a page', failures: [] });
  });

  it('whose browser has gone is no failure of the gate, and any other is', async () => {
    const get: PageHandler = ({ client: { signal } }) => {
      signal?.throwIfAborted();
      throw new Error('broken');
    };
    expect((await ask(get, AbortSignal.abort())).failures).toEqual([]);
    expect((await ask(get)).failures).toEqual([new Error('broken')]);
  });
});

/** Whose turn a page takes that is asked for from this address, and among which pages. */
async function turnOf(address: string, user?: string, target = TARGET): Promise<string> {
  const owners: string[] = [];
  const turns = createTurns();
  for (const kind of ['registry', 'inventory'] as const)
    turns[kind].run = async ({ owner }, make) => {
      owners.push(`${kind} ${owner}`);
      return make();
    };
  const principal = user === undefined ? ANONYMOUS : ({ kind: 'user', name: user } as const);
  const call = pageCall(target);
  const request = await readRequest(
    { session: async () => ({ id: 's-1', principal, csrf: 'c' }), isOwner: () => false },
    { ...call, client: { ...call.client, address } },
  );
  const get: PageHandler = () => ({ kind: 'page', title: '', body: html`` });
  const one = { get };
  const routes = { repository: one, repositories: one, space: one, users: one, activity: one, connect: one };
  const onFailure = (error: unknown): never => {
    throw error;
  };
  await answerPage({ routes, turns, anonymous: () => true, forOwners: false, onFailure }, request);
  return owners.join();
}

describe('the turn of a page', () => {
  it.each([
    ['a user', '2001:db8::1', 'alice', 'alice'],
    ['a visitor by IPv4', '192.0.2.7', undefined, '192.0.2.7'],
    ['a visitor by IPv6, who has 2^64 addresses', '2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2::/64'],
    ['the same with another one of them', '2001:db8:1:2::9', undefined, '2001:db8:1:2::/64'],
  ])('is that of %s', async (_name, address, user, expected) => {
    expect(await turnOf(address, user)).toBe(`registry ${expected}`);
  });

  it.each([
    ['/', 'inventory alice'],
    ['/?search=a', 'inventory alice'],
    ['/space', 'inventory alice'],
    ['/users?view=rights&who=bob', 'inventory alice'],
    ['/activity', 'inventory alice'],
    ['/r/team/app', 'registry alice'],
    ['/connect', ''],
  ])(
    'is none of those that wait for a registry, where it shows all repositories: %s',
    async (target, expected) => {
      expect(await turnOf('192.0.2.7', 'alice', target)).toBe(expected);
    },
  );
});
