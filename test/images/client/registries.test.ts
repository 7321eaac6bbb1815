import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
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

/** Registries that can't be run here, as their sources and documentation have them ask for a name and answer. */

const BASIC = `Basic ${Buffer.from('alice:wonderland').toString('base64')}`;
const TAGS = { name: 'team/app', tags: ['1'] };
const denied = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] });
const tokenOf = ({ url }: Request): URLSearchParams => new URLSearchParams(url.split('?')[1]);

interface RegistryScript {
  readonly name: string;
  /** Answers what is no request for a token. */
  answer(request: Request, response: ServerResponse, url: string): void;
  readonly isTokenPath: (path: string) => boolean;
  /** The body that brings a token, or the refusal. */
  token(request: Request, response: ServerResponse): void;
}

/**
 * Harbor (goharbor/harbor: src/server/middleware/v2auth/auth.go, "getChallenge"): a token is offered to who sends
 * nothing; who sends something that is not enough, and who asks for the catalog, is asked for Basic.
 */
const HARBOR: RegistryScript = {
  name: 'Harbor',
  isTokenPath: (path) => path.startsWith('/service/token'),
  // src/core/service/token/creator.go: a token without rights for who may not.
  token: (_request, response) =>
    sendJson(response, { token: 'without-rights', access_token: '', expires_in: 1800, issued_at: '' }),
  answer: ({ url, headers }, response, origin) => {
    if (headers.authorization === BASIC)
      return sendJson(response, url.includes('_catalog') ? { repositories: ['team/app'] } : TAGS);
    const isBasic = headers.authorization !== undefined || url.includes('_catalog');
    const scope = 'repository:team/app:pull';
    const bearer = `Bearer realm="${origin}/service/token",service="harbor-registry",scope="${scope}"`;
    return send(
      response,
      401,
      { 'www-authenticate': isBasic ? 'Basic realm="harbor"' : bearer },
      denied('UNAUTHORIZED', 'unauthorized to access repository: team/app, action: pull'),
    );
  },
};

/** zot (project-zot/zot: pkg/api/bearer.go, "Header"): where no repository is asked for, the scope is empty. */
const ZOT: RegistryScript = {
  name: 'zot',
  isTokenPath: (path) => path.startsWith('/auth'),
  token: (request, response) =>
    sendJson(response, { access_token: tokenOf(request).getAll('scope').join(' ') }),
  answer: ({ url, headers }, response, origin) => {
    const isCatalog = url.includes('_catalog');
    const scope = isCatalog ? '' : 'repository:team/app:pull';
    const wanted = isCatalog ? 'Bearer registry:catalog:*' : `Bearer ${scope}`;
    if (headers.authorization === wanted)
      return sendJson(response, isCatalog ? { repositories: ['team/app'] } : TAGS);
    const challenge = `Bearer realm="${origin}/auth",service="zot",scope="${scope}"`;
    return send(
      response,
      401,
      { 'www-authenticate': challenge },
      denied('UNAUTHORIZED', 'authentication required'),
    );
  },
};

/**
 * Docker Hub (docs.docker.com: "Docker Hub pull usage and limits", and distribution: registry/auth/token): everybody
 * gets a token; one that does not suffice is answered with the reason in the challenge.
 */
const HUB: RegistryScript = {
  name: 'Docker Hub',
  isTokenPath: (path) => path.startsWith('/token'),
  token: ({ headers }, response) => {
    const text = headers.authorization === BASIC ? 'of-alice' : 'of-nobody';
    sendJson(response, {
      token: text,
      access_token: text,
      expires_in: 300,
      issued_at: '2026-01-01T00:00:00Z',
    });
  },
  answer: ({ headers }, response, origin) => {
    if (headers.authorization === 'Bearer of-alice')
      return sendJson(response, TAGS, {
        'ratelimit-limit': '100;w=21600',
        'ratelimit-remaining': '99;w=21600',
      });
    const reason = headers.authorization === undefined ? '' : ',error="insufficient_scope"';
    const challenge = `Bearer realm="${origin}/token",service="registry.docker.io",scope="repository:team/app:pull"${reason}`;
    return send(
      response,
      401,
      { 'www-authenticate': challenge },
      denied('UNAUTHORIZED', 'authentication required'),
    );
  },
};

/**
 * GHCR (github.com/cloudflare/serverless-registry issue 148, github.com/renovatebot/renovate issue 11446): a token of no
 * stated lifetime that is no JWT, a token service that refuses with 403, and no challenge to who sends anything.
 */
const GHCR: RegistryScript = {
  name: 'GHCR',
  isTokenPath: (path) => path.startsWith('/token'),
  token: ({ headers }, response) =>
    headers.authorization === BASIC
      ? sendJson(response, { token: 'djE6b3BhcXVl' })
      : send(response, 403, {}, denied('DENIED', 'requested access to the resource is denied')),
  answer: ({ headers }, response, origin) => {
    if (headers.authorization === 'Bearer djE6b3BhcXVl') return sendJson(response, TAGS);
    if (headers.authorization !== undefined) return send(response, 403, {}, denied('DENIED', 'denied'));
    const challenge = `Bearer realm="${origin}/token",service="ghcr.io",scope="repository:team/app:pull"`;
    return send(
      response,
      401,
      { 'www-authenticate': challenge },
      denied('UNAUTHORIZED', 'authentication required'),
    );
  },
};

async function start({ answer, isTokenPath, token }: RegistryScript): Promise<Scripted> {
  const server: Scripted = await startScripted((request, response) =>
    isTokenPath(request.url) ? token(request, response) : answer(request, response, server.url),
  );
  return server;
}

describe('registries that ask for a name', () => {
  it.each([HARBOR, ZOT, HUB, GHCR])('$name lets in who has one', async (script) => {
    const server = await start(script);
    const registry = openScripted(server.name, { credential: async () => ALICE });
    expect(await allOf(registry.repository('team/app').listTags())).toEqual(['1']);
    // From then on nothing is asked twice.
    const before = server.requests.length;
    await allOf(registry.repository('team/app').listTags());
    expect(server.requests.length).toBe(before + 1);
  });

  it.each([HARBOR, ZOT])('$name lists its repositories', async (script) => {
    const server = await start(script);
    const registry = openScripted(server.name, { credential: async () => ALICE });
    expect(await allOf(registry.listRepositories())).toEqual(['team/app']);
    expect(await allOf(registry.repository('team/app').listTags())).toEqual(['1']);
  });

  // Docker Hub gives a token to everybody, so it is the registry that refuses.
  it.each([
    { ...HARBOR, code: 'SIGN_IN_FAILED' },
    { ...HUB, code: 'REGISTRY_REFUSED' },
    { ...GHCR, code: 'SIGN_IN_FAILED' },
  ])('$name: who has none is told to sign in', async ({ code, ...script }) => {
    const server = await start(script);
    const tags = allOf(openScripted(server.name).repository('team/app').listTags());
    const hint: unknown = expect.stringContaining('--user NAME --password-stdin');
    await expect(tags).rejects.toMatchObject({ code, hint });
    expect(server.requests.length).toBeLessThan(8);
  });

  it('GHCR: the words of its token service are told', async () => {
    const server = await start(GHCR);
    const tags = allOf(openScripted(server.name).repository('team/app').listTags());
    await expect(tags).rejects.toThrow(/DENIED, requested access to the resource is denied/);
  });
});
