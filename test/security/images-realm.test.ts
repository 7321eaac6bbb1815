import { describe, expect, it } from 'vitest';
import { ALICE, allOf, openScripted, send, startScripted, type Scripted } from '../images/client/scripted.ts';

describe('a registry that would have its password sent elsewhere', () => {
  it.each<readonly [name: string, realm: string]>([
    ['http://evil.example/token', 'http://evil.example/token'],
    ['a realm with a name in it', 'https://user:pw@evil.example/token'],
    ['a file', 'file:///etc/passwd'],
    ['no address', 'https://'],
    ['nothing', ''],
  ])('is not followed to %s', async (_name, realm) => {
    // As a registry with TLS sees it: what counts is that it was not named as one without.
    const server: Scripted = await startScripted((_request, response) =>
      send(response, 401, { 'www-authenticate': `Bearer realm="${realm}",service="r"` }),
    );
    const registry = openScripted(server.name, { credential: async () => ALICE });
    const failure = await allOf(registry.repository('team/app').listTags()).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: expect.stringMatching(/SIGN_IN_FAILED|REGISTRY_UNREACHABLE/) as string,
    });
    expect(String(failure)).not.toContain('wonderland');
    expect(server.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('gets no password for a token at another origin that redirects to it', async () => {
    const thief = await startScripted((_request, response) => send(response, 200, {}, '{"token":"t"}'));
    const server: Scripted = await startScripted(({ url }, response) =>
      url.startsWith('/token')
        ? send(response, 307, { location: `${thief.url}/token` })
        : send(response, 401, { 'www-authenticate': `Bearer realm="${server.url}/token",service="r"` }),
    );
    const registry = openScripted(server.name, { credential: async () => ALICE });
    await expect(allOf(registry.repository('team/app').listTags())).rejects.toMatchObject({
      code: 'SIGN_IN_FAILED',
    });
    expect(thief.requests).toEqual([]);
  });
});
