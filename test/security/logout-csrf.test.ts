import { describe, expect, it } from 'vitest';
import { FOREIGN_SOURCES, usePages } from './pages-fixture.ts';

const pages = usePages();
const isIn = (body: string): boolean => body.includes('You are signed in as alice.');

describe('a page of another site signs a browser out', () => {
  it.each(FOREIGN_SOURCES)('and is refused, even with the right token: %s', async (_name, headers) => {
    const { browser, password } = pages();
    const victim = browser();
    await victim.signIn('alice', password);
    const csrf = await victim.formToken('/sign-in');
    expect((await victim.post('/sign-out', { csrf }, headers)).status).toBe(403);
    expect(isIn((await victim.get('/sign-in')).body)).toBe(true);
  });

  it('by a link, which is no form', async () => {
    const { browser, password } = pages();
    const victim = browser();
    await victim.signIn('alice', password);
    expect((await victim.get('/sign-out')).status).toBe(405);
    expect(isIn((await victim.get('/sign-in')).body)).toBe(true);
  });
});
