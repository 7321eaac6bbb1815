import { describe, expect, it } from 'vitest';
import { createOwnerPages } from '../../support/owner-pages.ts';
import { policyOf } from '../../auth/policy/support.ts';

const RULES = `owners: alice
rules:
  - { who: [alice, bob], repositories: "**", allow: pull }
  - { who: anonymous, repositories: "open/**", allow: pull }
`;
const policy = policyOf(RULES);
const PAGES = [
  '/users',
  '/users?view=tokens',
  '/users?view=rights',
  '/users?view=rules',
  '/activity',
  '/health',
];
const ACTS = ['/owner/unlock', '/owner/revoke', '/owner/end-sessions'];

describe('the pages of owners', () => {
  it.each(PAGES)(
    '%s: an owner sees it, nobody else, and the menu of others has no trace of it',
    async (target) => {
      const pagesOf = (user: string | undefined) => createOwnerPages({ user, policy: () => policy });
      const owner = await pagesOf('alice').get(target);
      const other = await pagesOf('bob').get(target);
      const stranger = await pagesOf(undefined).get(target);
      expect([owner.status, other.status, stranger.status]).toEqual([200, 403, 403]);
      for (const { text } of [other, stranger])
        expect(text).not.toMatch(/href="\/(?:users|activity|health)"|access\.yml|registry\.lan,/);
    },
  );

  it.each(PAGES)('%s: sends to the sign-in where no rule is for anonymous clients', async (target) => {
    const closed = policyOf('owners: alice\nrules: [{ who: alice, repositories: "**", allow: pull }]');
    const { status, text } = await createOwnerPages({ policy: () => closed }).get(target);
    expect([status, text]).toEqual([303, `/sign-in?to=${encodeURIComponent(target)}`]);
  });

  it.each(ACTS)('%s: is done for an owner alone, and with the token of the session', async (target) => {
    const form = { csrf: 'the-token', user: 'bob', id: 'd-1f0c9a2b4d' };
    const post = async (user: string | undefined, csrf: string): Promise<number> => {
      const pages = createOwnerPages({ user, policy: () => policy });
      const { id: _id, ...unlocking } = form;
      const sent = target === '/owner/unlock' ? unlocking : form;
      return (await pages.post(target, { ...sent, csrf })).status;
    };
    expect([
      await post('alice', 'the-token'),
      await post('alice', 'another'),
      await post('bob', 'the-token'),
      await post(undefined, 'the-token'),
      await post(undefined, ''),
    ]).toEqual([303, 403, 403, 403, 403]);
  });

  it('are for owners alone with pages: owner, and so is every other page', async () => {
    const pagesOf = (user: string | undefined) =>
      createOwnerPages({ user, policy: () => policy, forOwners: true });
    for (const target of ['/connect', '/activity', '/health'])
      expect([
        (await pagesOf('alice').get(target)).status,
        (await pagesOf('bob').get(target)).status,
        (await pagesOf(undefined).get(target)).status,
      ]).toEqual([200, 403, 303]);
  });

  it('come and go with the owners of the access file', async () => {
    let current = policy;
    const pages = createOwnerPages({ user: 'bob', policy: () => current });
    expect((await pages.get('/health')).status).toBe(403);
    current = policyOf(RULES.replace('owners: alice', 'owners: bob'));
    expect((await pages.get('/health')).status).toBe(200);
  });

  it('have no other acts', async () => {
    const pages = createOwnerPages({ user: 'alice', policy: () => policy });
    expect((await pages.post('/owner/anything', { csrf: 'the-token' })).status).toBe(404);
  });
});
