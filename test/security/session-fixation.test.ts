import { describe, expect, it } from 'vitest';
import { usePages } from './pages-fixture.ts';

const pages = usePages();

describe('a session that somebody else put into a browser', () => {
  it('is not the one that a sign-in opens', async () => {
    const { browser, password } = pages();
    const attacker = browser();
    await attacker.signIn('mallory', password);
    const planted = attacker.session ?? '';
    const victim = browser();
    victim.cookies.set('__Host-registry-gate', planted);
    await victim.signIn('alice', password);
    expect(victim.session).toMatch(/^rgs_/);
    expect(victim.session).not.toBe(planted);
    // The planted one has ended: nobody goes on in it, neither as the one nor as the other.
    expect((await attacker.get('/sign-in')).body).not.toContain('You are signed in');
    expect((await victim.get('/sign-in')).body).toContain('You are signed in as alice.');
  });

  it.each(['rgs_made-up', 'x', `rgs_${'a'.repeat(49)}`])('is not one that was made up: %s', async (value) => {
    const { browser, password } = pages();
    const victim = browser();
    victim.cookies.set('__Host-registry-gate', value);
    await victim.signIn('alice', password);
    expect(victim.session).toMatch(/^rgs_[0-9A-Za-z]{49}$/);
    expect(victim.session).not.toBe(value);
  });

  it('is none where a browser has two cookies of the name', async () => {
    const { browser, password } = pages();
    const victim = browser();
    await victim.signIn('alice', password);
    const cookie = `__Host-registry-gate=${victim.session}; __Host-registry-gate=${victim.session}`;
    expect((await victim.get('/sign-in', { cookie })).body).not.toContain('You are signed in');
  });

  it('has another token in its forms after each sign-in', async () => {
    const { browser, password } = pages();
    const victim = browser();
    await victim.signIn('alice', password);
    const before = await victim.formToken('/sign-in');
    await victim.signIn('alice', password);
    expect(await victim.formToken('/sign-in')).not.toBe(before);
    expect((await victim.post('/sign-out', { csrf: before })).status).toBe(403);
  });
});
