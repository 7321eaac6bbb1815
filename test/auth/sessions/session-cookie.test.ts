import { describe, expect, it } from 'vitest';
import {
  NO_SESSION_COOKIE,
  readSessionCookie,
  sessionCookie,
} from '../../../src/auth/sessions/session-cookie.ts';
import { formToken } from '../../../src/auth/sessions/form-token.ts';
import { makeSecret } from '../../../src/auth/tokens/store/secret-text.ts';

const { secret } = makeSecret('session');
const [ONE, OTHER] = [secret.reveal(), makeSecret('session').secret.reveal()];
const NAME = '__Host-registry-gate';

describe('the cookie of a session', () => {
  it('is for this host alone, over https, out of reach for scripts and for other sites', () => {
    expect(sessionCookie(secret)).toBe(
      `${NAME}=${ONE}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=1209600`,
    );
    expect(NO_SESSION_COOKIE).toBe(`${NAME}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0`);
  });

  it.each<readonly [string, string | undefined, string | undefined]>([
    ['no header', undefined, undefined],
    ['an empty header', '', undefined],
    ['one cookie', `${NAME}=${ONE}`, ONE],
    ['one among others', `theme=dark; ${NAME}=${ONE}; lang=ko`, ONE],
    ['no space between', `theme=dark;${NAME}=${ONE}`, ONE],
    ['two of the name', `${NAME}=${ONE}; ${NAME}=${OTHER}`, undefined],
    ['two of the name that are equal', `${NAME}=${ONE}; ${NAME}=${ONE}`, undefined],
    ['another prefix', `__Secure-registry-gate=${ONE}`, undefined],
    ['no prefix', `registry-gate=${ONE}`, undefined],
    ['other letters', `__host-registry-gate=${ONE}`, undefined],
    ['a longer name', `${NAME}-2=${ONE}`, undefined],
    ['the name within a value', `theme=${NAME}=${ONE}`, undefined],
    ['no value', `${NAME}=`, undefined],
    ['a value that is too long', `${NAME}=${'x'.repeat(129)}`, undefined],
  ])('is read from %s', (_name, header, value) => {
    expect(readSessionCookie(header)).toBe(value);
  });
});

describe('the token of a form', () => {
  it('is one per session, and says nothing of its secret', () => {
    expect(formToken(ONE)).toMatch(/^[\w+/]{43}=$/);
    expect(formToken(ONE)).toBe(formToken(ONE));
    expect(formToken(ONE)).not.toBe(formToken(OTHER));
  });
});
