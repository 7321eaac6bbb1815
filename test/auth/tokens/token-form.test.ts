import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderScopes } from '../../../src/oci/request/scope.ts';
import { FORM_MAX_BYTES, readTokenForm, readTokenQuery } from '../../../src/auth/tokens/token-form.ts';
import type { FormOutcome, TokenForm } from '../../../src/auth/tokens/token-form.ts';

const FORM = 'application/x-www-form-urlencoded';
const post = (body: string | Buffer, type: string | undefined = FORM): FormOutcome =>
  readTokenForm(type, Buffer.from(body));

function formOf(outcome: FormOutcome): TokenForm {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.form;
}

describe('readTokenQuery', () => {
  it('reads what docker login sends', () => {
    const form = formOf(readTokenQuery('account=bob&client_id=docker&offline_token=true&service=gate'));
    expect(form).toEqual({
      method: 'GET',
      grant: { kind: 'header' },
      service: 'gate',
      access: [],
      account: 'bob',
      client: 'docker',
      offline: true,
    });
  });

  it.each([
    ['one scope', 'scope=repository%3Aa%2Fb%3Apull', 'repository:a/b:pull'],
    ['a scope that is not encoded', 'scope=repository:a/b:push,pull', 'repository:a/b:pull,push'],
    ['several', 'scope=repository:a:pull&scope=repository:b:pull', 'repository:a:pull repository:b:pull'],
    ['a list', 'scope=repository:a:pull%20repository:b:pull', 'repository:a:pull repository:b:pull'],
    ['a list with plus', 'scope=repository:a:pull+repository:b:pull', 'repository:a:pull repository:b:pull'],
    ['nonsense', 'scope=nonsense&scope=', ''],
    ['none', '', ''],
  ])('reads %s', (_name, query, scopes) => {
    expect(renderScopes(formOf(readTokenQuery(query)).access)).toBe(scopes);
  });

  it.each([
    ['offline_token=true', true],
    ['offline_token=false', false],
    ['offline_token=', false],
    ['access_type=offline', true],
    ['access_type=online', false],
    ['', false],
  ])('%s', (query, offline) => {
    expect(formOf(readTokenQuery(query)).offline).toBe(offline);
  });

  it('takes no password from a query, which ends up in logs', () => {
    expect(formOf(readTokenQuery('grant_type=password&username=a&password=b')).grant).toEqual({
      kind: 'header',
    });
  });

  it.each([
    ['a service twice', 'service=a&service=b'],
    ['an account twice', 'account=a&account=b'],
    ['101 scopes', Array.from({ length: 101 }, (_, at) => `scope=repository:r${at}:pull`).join('&')],
    ['101 scopes in one', `scope=${Array.from({ length: 101 }, () => 'x').join('+')}`],
    ['a thousand fields', Array.from({ length: 1000 }, (_, at) => `f${at}=1`).join('&')],
  ])('refuses %s', (_name, query) => {
    expect(readTokenQuery(query)).toMatchObject({ ok: false, error: 'invalid_request' });
  });
});

describe('readTokenForm', () => {
  it.each([
    [
      'a password',
      'grant_type=password&username=al%C3%AFce&password=p%40%20ss%2B',
      { kind: 'password', user: 'alïce' },
    ],
    ['a password without its grant', 'username=a&password=b', { kind: 'password', user: 'a' }],
    ['an identity token', 'grant_type=refresh_token&refresh_token=rgi_x', { kind: 'refresh' }],
    ['nobody', 'client_id=regclient&service=gate', { kind: 'header' }],
    ['an empty body', '', { kind: 'header' }],
  ])('reads %s', (_name, body, grant) => {
    expect(formOf(post(body)).grant).toMatchObject(grant);
  });

  it('keeps the password as it is, and secret', () => {
    const { grant } = formOf(post('username=a&password=p%40%20ss%2B'));
    expect(grant.kind === 'password' && grant.password.reveal()).toBe('p@ ss+');
    expect(JSON.stringify(grant)).not.toContain('p@');
  });

  it.each([
    ['an unknown grant', 'grant_type=authorization_code&code=x', 'unsupported_grant_type'],
    ['client credentials', 'grant_type=client_credentials', 'unsupported_grant_type'],
    ['a grant like a member of every object', 'grant_type=__proto__', 'unsupported_grant_type'],
    ['a password grant without password', 'grant_type=password&username=a', 'invalid_request'],
    ['a password grant without name', 'grant_type=password&password=a', 'invalid_request'],
    ['a refresh grant without token', 'grant_type=refresh_token', 'invalid_request'],
    ['two passwords', 'username=a&password=b&password=c', 'invalid_request'],
    ['two grants', 'grant_type=password&grant_type=refresh_token', 'invalid_request'],
  ])('refuses %s', (_name, body, error) => {
    expect(post(body)).toMatchObject({ ok: false, error });
  });

  it.each([
    ['no type', undefined],
    ['JSON', 'application/json'],
    ['a form with files', 'multipart/form-data; boundary=x'],
    ['a type that begins alike', `${FORM}x`],
  ])('refuses %s', (_name, type) => {
    expect(readTokenForm(type, Buffer.from('username=a&password=b'))).toMatchObject({
      ok: false,
      error: 'invalid_request',
    });
  });

  it('takes the type with a character set', () => {
    expect(post('', `${FORM}; charset=utf-8`).ok).toBe(true);
    expect(post('', FORM.toUpperCase()).ok).toBe(true);
  });

  it('refuses a body that is too large or no UTF-8', () => {
    expect(post('a'.repeat(FORM_MAX_BYTES)).ok).toBe(true);
    expect(post('a'.repeat(FORM_MAX_BYTES + 1)).ok).toBe(false);
    expect(post(Buffer.from([0x61, 0xff])).ok).toBe(false);
  });

  it.each([
    ['fields', 'k=&'],
    ['empty fields', '&'],
    ['fields without a value', 'a&'],
    ['spaces', '+'],
    ['plain spaces', ' '],
    ['escapes', '%20'],
  ])('M-B10w: is not taken apart where it is made of %s alone', (_name, piece) => {
    const text = `scope=${piece.repeat(FORM_MAX_BYTES)}`.slice(0, FORM_MAX_BYTES - 2);
    const refused = { ok: false, error: 'invalid_request', reason: 'too many fields' };
    expect(post(text)).toEqual(refused);
    expect(readTokenQuery(text)).toEqual(refused);
  });

  it('never throws, and never repeats what was sent', () => {
    const field = fc.constantFrom(
      'grant_type',
      'scope',
      'username',
      'password',
      'refresh_token',
      'service',
      'x',
    );
    const body = fc.array(fc.tuple(field, fc.string({ maxLength: 30 })), { maxLength: 20 });
    fc.assert(
      fc.property(body, (pairs) => {
        const text = pairs.map(([name, value]) => `${name}=SENTINEL${value}`).join('&');
        for (const outcome of [post(text), readTokenQuery(text)]) {
          expect(outcome.ok ? '' : outcome.reason).not.toContain('SENTINEL');
        }
      }),
    );
  });
});
