import { describe, expect, it } from 'vitest';
import { answerPlain, type PlainPages } from '../../../src/http/plain/plain-answer.ts';

const PAGES: PlainPages = {
  authority: () => ({ pem: 'PEM', sha256: 'ab', revocations: 'CRL' }),
  secureHost: (host) => (host.startsWith('registry.lan') ? 'registry.lan:8443' : undefined),
  challenge: (token) => (token === 'tok-1' ? 'tok-1.proof' : undefined),
};

interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly fields?: readonly string[];
}

function answer({ method = 'GET', url = '/', fields = ['Host', 'registry.lan'] }: Asked) {
  return answerPlain({ method, url, rawHeaders: [...fields] }, PAGES);
}

describe('the answer of the plain port', () => {
  it.each([
    { url: '/', to: 'https://registry.lan:8443/' },
    { url: '/v2/', to: 'https://registry.lan:8443/v2/' },
    { url: '/a?b=c#d', to: 'https://registry.lan:8443/a?b=c#d' },
    { url: '//evil.example/', to: 'https://registry.lan:8443//evil.example/' },
    { url: '/@evil.example', to: 'https://registry.lan:8443/@evil.example' },
    { url: String.raw`/\evil.example`, to: String.raw`https://registry.lan:8443/\evil.example` },
    { url: '/ca.crt?', to: 'https://registry.lan:8443/ca.crt?' },
    { url: '/.well-known/acme-challenge/', to: 'https://registry.lan:8443/.well-known/acme-challenge/' },
    {
      url: '/.well-known/acme-challenge/a/../b',
      to: 'https://registry.lan:8443/.well-known/acme-challenge/a/../b',
    },
  ])('sends $url to https', ({ url, to }) => {
    for (const method of ['GET', 'HEAD'])
      expect(answer({ url, method })).toMatchObject({ status: 301, headers: { Location: to }, close: true });
  });

  it.each([
    { url: '/ca.crt', body: /^PEM$/, type: /x-pem-file/ },
    { url: '/ca.sha256', body: /^ab\n$/, type: /^text\/plain/ },
    { url: '/ca.crl', body: /^CRL$/, type: /x-pem-file/ },
    { url: '/trust.sh', body: /^#!\/bin\/sh\n/, type: /^text\/x-shellscript/ },
    { url: '/trust.ps1', body: /\$store\.Add/, type: /^text\/plain/ },
    { url: '/.well-known/acme-challenge/tok-1', body: /^tok-1\.proof$/, type: /octet-stream/ },
  ])('has $url, also for a host that is not ours', ({ url, body, type }) => {
    const found = answer({ url, fields: ['Host', 'other.lan'] });
    expect(found).toMatchObject({ status: 200, close: true });
    expect(found.body).toMatch(body);
    expect(found.type).toMatch(type);
  });

  it.each([
    {
      name: 'a password',
      status: 400,
      asked: { fields: ['Host', 'registry.lan', 'authorization', 'Basic YTpi'] },
    },
    {
      name: 'a password for the CA',
      status: 400,
      asked: { url: '/ca.crt', fields: ['Host', 'registry.lan', 'AUTHORIZATION', 'x'] },
    },
    {
      name: 'a password of a proxy',
      status: 400,
      asked: { fields: ['Host', 'registry.lan', 'Proxy-Authorization', 'x'] },
    },
    { name: 'a host that is not ours', status: 421, asked: { fields: ['Host', 'evil.example'] } },
    { name: 'no host', status: 400, asked: { fields: [] } },
    { name: 'two hosts', status: 400, asked: { fields: ['Host', 'registry.lan', 'host', 'evil.example'] } },
    { name: 'a host with a user', status: 400, asked: { fields: ['Host', 'registry.lan@evil.example'] } },
    { name: 'a host with a path', status: 400, asked: { fields: ['Host', 'registry.lan/evil'] } },
    { name: 'an absolute target', status: 400, asked: { url: 'http://evil.example/' } },
    { name: 'an asterisk', status: 400, asked: { url: '*' } },
    { name: 'POST', status: 405, asked: { method: 'POST' } },
    { name: 'PUT of the CA', status: 405, asked: { method: 'PUT', url: '/ca.crt' } },
    { name: 'CONNECT', status: 405, asked: { method: 'CONNECT', url: 'evil.example:443' } },
    {
      name: 'a challenge that nobody expects',
      status: 404,
      asked: { url: '/.well-known/acme-challenge/other' },
    },
  ])('refuses $name, and echoes nothing', ({ status, asked }) => {
    const found = answer(asked);
    expect(found).toMatchObject({ status, close: true });
    expect([found.headers?.['Location'], String(found.body)]).toEqual([
      undefined,
      expect.not.stringMatching(/evil|YTpi|other/),
    ]);
  });

  it('has no CA where there is none', () => {
    const pages = { ...PAGES, authority: () => undefined };
    const request = { method: 'GET', url: '/ca.crt', rawHeaders: ['Host', 'registry.lan'] };
    expect(answerPlain(request, pages)).toMatchObject({ status: 404 });
  });
});
