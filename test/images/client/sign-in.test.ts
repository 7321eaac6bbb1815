import { describe, expect, it } from 'vitest';
import type { Credential } from '../../../src/images/credentials/credential.ts';
import { Secret } from '../../../src/lib/secret.ts';
import {
  ALICE,
  allOf,
  openScripted,
  send,
  sendJson,
  startScripted,
  type Request,
  type Scripted,
} from './scripted.ts';

const BASIC = `Basic ${Buffer.from('alice:wonderland').toString('base64')}`;
const IDENTITY: Credential = { kind: 'identity', token: new Secret('the-refresh-token') };

interface Style {
  readonly name: string;
  readonly challenge: (realm: string) => string;
  /** The body of the answer with a token. */
  readonly token?: (text: string) => object;
  readonly credential?: Credential;
  /** What the token service gets. */
  readonly asks?: Readonly<Record<string, string>>;
  /** Which `Authorization` the registry takes. */
  readonly takes: string;
}

const STYLES: readonly Style[] = [
  { name: 'Basic', challenge: () => 'Basic realm="Registry"', credential: ALICE, takes: BASIC },
  {
    name: 'Bearer without a name, as Docker Hub has it',
    challenge: (realm) =>
      `Bearer realm="${realm}",service="registry.docker.io",scope="repository:team/app:pull"`,
    token: (text) => ({
      token: text,
      access_token: text,
      expires_in: 300,
      issued_at: '2026-01-01T00:00:00Z',
    }),
    asks: { service: 'registry.docker.io', scope: 'repository:team/app:pull' },
    takes: 'Bearer anonymous',
  },
  {
    name: 'Bearer with a password, as Harbor has it',
    challenge: (realm) =>
      `Bearer realm="${realm}",service="harbor-registry",scope="repository:team/app:pull"`,
    token: (text) => ({ token: text, access_token: '', expires_in: 1800 }),
    credential: ALICE,
    asks: { service: 'harbor-registry', scope: 'repository:team/app:pull', account: 'alice' },
    takes: 'Bearer alice',
  },
  {
    name: 'access_token alone, and no scope in the challenge',
    challenge: (realm) => `Bearer realm="${realm}",service="registry.lan"`,
    token: (text) => ({ access_token: text }),
    credential: ALICE,
    asks: { scope: 'repository:team/app:pull' },
    takes: 'Bearer alice',
  },
  {
    name: 'Basic and Bearer in one header, as zot has it',
    challenge: (realm) => `Basic realm="zot",Bearer realm="${realm}",service="zot"`,
    token: (text) => ({ token: text }),
    credential: ALICE,
    asks: { service: 'zot' },
    takes: 'Bearer alice',
  },
  {
    name: 'a challenge without a service, as some of GitLab and GHCR have it',
    challenge: (realm) => `Bearer realm="${realm}",scope="repository:team/app:pull"`,
    token: (text) => ({ token: text }),
    takes: 'Bearer anonymous',
  },
  {
    name: 'an identity token',
    challenge: (realm) => `Bearer realm="${realm}",service="registry.lan",scope="repository:team/app:pull"`,
    token: (text) => ({ access_token: text }),
    credential: IDENTITY,
    asks: {
      grant_type: 'refresh_token',
      refresh_token: 'the-refresh-token',
      service: 'registry.lan',
      scope: 'repository:team/app:pull',
    },
    takes: 'Bearer renewed',
  },
];

async function startStyle({ challenge, token, takes }: Style, wrong = false): Promise<Scripted> {
  const server: Scripted = await startScripted((request, response) => {
    if (request.url.startsWith('/token'))
      return sendJson(response, token?.(wrong ? 'wrong' : tokenFor(request)) ?? {});
    if (request.headers.authorization === takes) return sendJson(response, { name: 'team/app', tags: ['1'] });
    return send(response, 401, { 'www-authenticate': challenge(`${server.url}/token`) });
  });
  return server;
}

function tokenFor({ method, headers }: Request): string {
  if (method === 'POST') return 'renewed';
  return headers.authorization === BASIC ? 'alice' : 'anonymous';
}

describe('signing in', () => {
  it.each(STYLES)('$name', async (style) => {
    const server = await startStyle(style);
    const registry = openScripted(server.name, { credential: async () => style.credential });
    const repository = registry.repository('team/app');
    expect(await allOf(repository.listTags())).toEqual(['1']);
    const asked = server.requests.find(({ url }) => url.startsWith('/token'));
    const sent = new URLSearchParams(
      asked?.method === 'POST' ? asked.body.toString() : asked?.url.split('?')[1],
    );
    expect(Object.fromEntries(sent)).toMatchObject(style.asks ?? {});
    // The second request goes straight through, with the same token.
    const before = server.requests.length;
    await allOf(repository.listTags());
    expect(server.requests.length).toBe(before + 1);
  });

  it.each(STYLES)('$name: refused again and again, it ends', async (style) => {
    const server = await startStyle({ ...style, takes: 'nothing' });
    const registry = openScripted(server.name, { credential: async () => style.credential });
    await expect(allOf(registry.repository('team/app').listTags())).rejects.toMatchObject({
      code: expect.stringMatching(/SIGN_IN_FAILED|REGISTRY_REFUSED/) as string,
    });
    expect(server.requests.length).toBeLessThan(12);
  });

  it('goes on with Basic where the token service of zot is none', async () => {
    const server: Scripted = await startScripted(({ url, headers }, response) => {
      if (url.startsWith('/token')) return send(response, 404);
      if (headers.authorization === BASIC) return sendJson(response, { tags: ['1'] });
      return send(response, 401, {
        'www-authenticate': `Bearer realm="${server.url}/token",Basic realm="zot"`,
      });
    });
    const registry = openScripted(server.name, { credential: async () => ALICE });
    expect(await allOf(registry.repository('team/app').listTags())).toEqual(['1']);
  });

  it.each([429, 503])('asks a token service again that answers %d once', async (status) => {
    const refusals = [status];
    const server: Scripted = await startScripted(({ url, headers }, response) => {
      const refusal = url.startsWith('/token') ? refusals.pop() : undefined;
      if (refusal !== undefined) return send(response, refusal, { 'retry-after': '0' });
      if (url.startsWith('/token')) return sendJson(response, { token: 't' });
      if (headers.authorization === 'Bearer t') return sendJson(response, { tags: ['1'] });
      return send(response, 401, { 'www-authenticate': `Bearer realm="${server.url}/token",service="r"` });
    });
    expect(await allOf(openScripted(server.name).repository('team/app').listTags())).toEqual(['1']);
    expect(server.requests.filter(({ url }) => url.startsWith('/token'))).toHaveLength(2);
  });

  it('gives a token service up after the last attempt, with its words', async () => {
    const server: Scripted = await startScripted(({ url }, response) =>
      url.startsWith('/token')
        ? send(response, 429, {}, '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}')
        : send(response, 401, { 'www-authenticate': `Bearer realm="${server.url}/token",service="r"` }),
    );
    await expect(allOf(openScripted(server.name).repository('team/app').listTags())).rejects.toMatchObject({
      code: 'SIGN_IN_FAILED',
      message: expect.stringContaining('TOOMANYREQUESTS, slow down') as string,
    });
    expect(server.requests.filter(({ url }) => url.startsWith('/token'))).toHaveLength(4);
  });

  it('ends with its signal, but for what must not stay half done', async () => {
    const stop = new AbortController();
    const server: Scripted = await startScripted(({ url, headers }, response) => {
      if (url.startsWith('/token')) return sendJson(response, { token: 't' });
      if (headers.authorization === 'Bearer t') return sendJson(response, { tags: ['1'] });
      return send(response, 401, { 'www-authenticate': `Bearer realm="${server.url}/token",service="r"` });
    });
    const repository = openScripted(server.name, { signal: stop.signal }).repository('team/app');
    stop.abort(new Error('stopped'));
    await expect(allOf(repository.listTags())).rejects.toThrow('stopped');
    expect(server.requests).toHaveLength(0);
    expect(await allOf(repository.uninterrupted().listTags())).toEqual(['1']);
  });

  it('renews a token that ended before its time', async () => {
    let issued = 0;
    const server: Scripted = await startScripted(({ url, headers }, response) => {
      if (url.startsWith('/token'))
        return sendJson(response, { token: `t${(issued += 1)}`, expires_in: 3600 });
      if (headers.authorization === `Bearer t${Math.max(issued, 2)}`)
        return sendJson(response, { tags: ['1'] });
      return send(response, 401, { 'www-authenticate': `Bearer realm="${server.url}/token",service="r"` });
    });
    const repository = openScripted(server.name).repository('team/app');
    expect(await allOf(repository.listTags())).toEqual(['1']);
    expect(issued).toBe(2);
  });

  it('asks once for a token that many need at the same time, and with both rights for a mount', async () => {
    const server: Scripted = await startScripted(({ url, headers, method }, response) => {
      if (url.startsWith('/token')) return sendJson(response, { token: 't' });
      if (headers.authorization !== undefined)
        return method === 'POST' ? send(response, 201) : sendJson(response, { tags: [] });
      return send(response, 401, { 'www-authenticate': `Bearer realm="${server.url}/token",service="r"` });
    });
    const registry = openScripted(server.name);
    await allOf(registry.repository('first').listTags());
    const before = server.requests.length;
    await Promise.all([1, 2, 3, 4].map(() => allOf(registry.repository('second').listTags())));
    expect(server.requests.slice(before).filter(({ url }) => url.startsWith('/token'))).toHaveLength(1);
    const { digest } = {
      digest: { algorithm: 'sha256', hex: 'a'.repeat(64), text: `sha256:${'a'.repeat(64)}` } as const,
    };
    const blob = {
      mediaType: '',
      digest,
      size: 1,
      platform: undefined,
      artifactType: undefined,
      annotations: {},
      urls: [],
      json: {},
    };
    expect(await registry.repository('team/b').mountBlob(blob, 'team/a')).toBe(true);
    const asked = server.requests.findLast(({ url }) => url.startsWith('/token'));
    expect(new URLSearchParams(asked?.url.split('?')[1]).getAll('scope')).toEqual([
      'repository:team/a:pull',
      'repository:team/b:pull,push',
    ]);
  });

  it('says who was not accepted, and never the password', async () => {
    const server: Scripted = await startScripted(({ url }, response) =>
      url.startsWith('/token')
        ? send(response, 401, {}, '{"errors":[{"code":"UNAUTHORIZED","message":"wrong \u001b[2Jpassword"}]}')
        : send(response, 401, { 'www-authenticate': `Bearer realm="${server.url}/token",service="r"` }),
    );
    const registry = openScripted(server.name, { credential: async () => ALICE });
    const error: unknown = await allOf(registry.repository('team/app').listTags()).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: 'SIGN_IN_FAILED' });
    expect(String(error)).toContain('"alice"');
    const shown = JSON.stringify(error, Object.getOwnPropertyNames(error));
    for (const never of ['wonderland', '\u001b', 'u001b']) expect(shown).not.toContain(never);
  });
});
