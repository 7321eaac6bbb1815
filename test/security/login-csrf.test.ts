import { describe, expect, it } from 'vitest';
import { FOREIGN_SOURCES, usePages } from './pages-fixture.ts';

const pages = usePages();

describe('a page of another site signs a browser in as somebody else', () => {
  it.each(FOREIGN_SOURCES)('and is refused: %s', async (_name, headers) => {
    const { browser, password, gate } = pages();
    const victim = browser();
    const { status, headers: sent } = await victim.post('/sign-in', { user: 'mallory', password }, headers);
    expect([status, sent['set-cookie'], victim.session]).toEqual([403, undefined, undefined]);
    // Nothing was checked: a page elsewhere must not lock somebody out by wrong passwords either.
    const last = gate.log.findLast((line) => line.includes('"path":"/sign-in"')) ?? '';
    expect(JSON.parse(last)).toMatchObject({ status: 403, error: 'DENIED' });
    expect(last).not.toContain('failedLogin');
  });

  it('while a browser of before 2023, which sends Origin alone, can sign in', async () => {
    const { browser, password, gate } = pages();
    const own = { 'sec-fetch-site': undefined, origin: `https://127.0.0.1:${gate.port}` };
    const { status } = await browser().post('/sign-in', { user: 'alice', password }, own);
    expect(status).toBe(303);
  });
});
