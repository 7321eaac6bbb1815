import { describe, expect, it } from 'vitest';
import { usePages } from './pages-fixture.ts';

const pages = usePages();

describe('the token of a form', () => {
  it.each<readonly [string, (own: string, other: string) => Record<string, string>]>([
    ['no token', () => ({})],
    ['an empty one', () => ({ csrf: '' })],
    ['that of another user', (_own, other) => ({ csrf: other })],
    ['one cut off', (own) => ({ csrf: own.slice(0, -1) })],
    ['one with more behind', (own) => ({ csrf: `${own}=` })],
    ['one in another case', (own) => ({ csrf: own.toLowerCase() })],
  ])('is missed: %s', async (_name, form) => {
    const { browser, password } = pages();
    const [alice, mallory] = [browser(), browser()];
    await alice.signIn('alice', password);
    await mallory.signIn('mallory', password);
    const sent = form(await alice.formToken('/sign-in'), await mallory.formToken('/sign-in'));
    expect((await alice.post('/sign-out', sent)).status).toBe(403);
    expect((await alice.get('/sign-in')).body).toContain('You are signed in as alice.');
  });

  it('is nothing without the cookie', async () => {
    const { browser, password } = pages();
    const alice = browser();
    await alice.signIn('alice', password);
    const csrf = await alice.formToken('/sign-in');
    const { location } = await browser().post('/sign-out', { csrf });
    expect(location).toBe('/sign-in');
    expect((await alice.get('/sign-in')).body).toContain('You are signed in as alice.');
  });

  it('stays with its session: no other session of the same user takes it', async () => {
    const { browser, password } = pages();
    const [one, other] = [browser(), browser()];
    await one.signIn('alice', password);
    await other.signIn('alice', password);
    expect((await other.post('/sign-out', { csrf: await one.formToken('/sign-in') })).status).toBe(403);
  });
});
