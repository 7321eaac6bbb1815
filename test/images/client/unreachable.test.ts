import { createServer as createSecureServer } from 'node:https';
import type { Server } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRegistry } from '../../../src/images/client/open-registry.ts';
import { createWire } from '../../../src/images/client/wire/wire.ts';
import { keyToPem } from '../../../src/pki/x509/key-pair.ts';
import { AUTHORITY, craft, extension, type Crafted } from '../../pki/craft.ts';
import { ALICE, allOf, openScripted, send, sendJson, startScripted, type Scripted } from './scripted.ts';

const CA = craft({ name: 'the CA', extensions: AUTHORITY });
const OTHER_CA = craft({ name: 'the other CA', extensions: AUTHORITY });
const PURPOSE = extension.purpose('serverAuth');

function leaf(
  issuer: Crafted,
  name: string,
  days: { readonly from?: number; readonly until?: number } = {},
): Crafted {
  return craft({ name: 'leaf', issuer, extensions: [PURPOSE, extension.names(name)], ...days });
}

function secure({ pem, key }: Crafted): Server {
  return createSecureServer({ cert: pem, key: keyToPem(key) });
}

const trust = async () => ({ authorities: [CA.pem] });

describe('a registry that can not be reached', () => {
  it.each<readonly [name: string, server: () => Server, words: string, hint: string]>([
    ['an unknown CA', () => secure(leaf(OTHER_CA, '127.0.0.1')), 'is not trusted', '--ca FILE'],
    ['another name', () => secure(leaf(CA, 'registry.lan')), 'for other names', 'certs init --host'],
    [
      'an expired certificate',
      () => secure(leaf(CA, '127.0.0.1', { from: -9, until: -1 })),
      'has expired',
      'Renew',
    ],
    [
      'a certificate of tomorrow',
      () => secure(leaf(CA, '127.0.0.1', { from: 1, until: 9 })),
      'not valid yet',
      'clocks',
    ],
  ])('for %s', async (_name, server, words, hint) => {
    const { name } = await startScripted((_request, response) => sendJson(response, { tags: [] }), {
      server: server(),
    });
    const failure: unknown = await allOf(
      openScripted(name, { isPlain: false, trust }).repository('team/app').listTags(),
    ).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining(words) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });

  it('since it speaks plain HTTP', async () => {
    const { name } = await startScripted((_request, response) => sendJson(response, { tags: [] }));
    await expect(
      openScripted(name, { isPlain: false, trust }).repository('team/app').readManifest('1'),
    ).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('plain HTTP') as string,
      hint: expect.stringContaining('--plain-http') as string,
    });
  });

  it('since nothing listens, or its name is unknown', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await expect(
      openScripted(`127.0.0.1:${port}`).repository('team/app').readManifest('1'),
    ).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    await expect(
      openScripted('registry.invalid').repository('team/app').readManifest('1'),
    ).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining('DNS') as string,
    });
  });
});

describe('a registry with TLS', () => {
  const start = (answer: Parameters<typeof startScripted>[0]): Promise<Scripted> =>
    startScripted(answer, { server: secure(leaf(CA, '127.0.0.1')) });

  it('is trusted by its CA', async () => {
    const { name } = await start((_request, response) => sendJson(response, { tags: ['1'] }));
    const registry = openRegistry({ name, trust });
    expect(await allOf(registry.repository('team/app').listTags())).toEqual(['1']);
    await registry.close();
  });

  it('is trusted by a CA of the system where another one was named', async () => {
    const system = getCACertificates('default');
    setDefaultCACertificates([...system, CA.pem]);
    onTestFinished(() => setDefaultCACertificates(system));
    const server = await start((_request, response) => sendJson(response, { tags: ['1'] }));
    const registry = openRegistry({
      name: server.name,
      trust: async () => ({ authorities: [OTHER_CA.pem] }),
    });
    const repository = registry.repository('team/app');
    const lists = await Promise.all([1, 2, 3].map(() => allOf(repository.listTags())));
    expect(lists).toEqual([['1'], ['1'], ['1']]);
    expect(server.requests).toHaveLength(3);
    await registry.close();
  });

  it('has a body sent to it once, after it is trusted', async () => {
    const system = getCACertificates('default');
    setDefaultCACertificates([...system, CA.pem]);
    onTestFinished(() => setDefaultCACertificates(system));
    const server = await start((_request, response) => send(response, 201));
    const wire = createWire({
      registry: server.name,
      isPlain: false,
      trust: async () => ({ authorities: [OTHER_CA.pem] }),
    });
    const body = (async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a layer');
    })();
    const url = new URL('/v2/', wire.origin);
    const answer = await wire.send({ method: 'PUT', url, headers: {}, body });
    expect(answer.status).toBe(201);
    expect(server.requests.map((request) => request.body.toString())).toEqual(['a layer']);
    await wire.close();
  });

  it('may not have the password sent without TLS', async () => {
    const thief = await startScripted((_request, response) => sendJson(response, { token: 't' }));
    const { name } = await start((_request, response) =>
      send(response, 401, { 'www-authenticate': `Bearer realm="${thief.url}/token",service="r"` }),
    );
    const registry = openScripted(name, { isPlain: false, trust, credential: async () => ALICE });
    await expect(allOf(registry.repository('team/app').listTags())).rejects.toMatchObject({
      code: 'SIGN_IN_FAILED',
    });
    expect(thief.requests).toEqual([]);
  });

  it('may not redirect to a place without TLS', async () => {
    const store = await startScripted((_request, response) => send(response, 200, {}, '{}'));
    const { name } = await start((_request, response) => send(response, 307, { location: store.url }));
    const registry = openScripted(name, { isPlain: false, trust });
    await expect(registry.repository('team/app').readManifest('1')).rejects.toMatchObject({
      code: 'REGISTRY_REFUSED',
    });
    expect(store.requests).toEqual([]);
  });

  it('that takes its own address for one without TLS is understood', async () => {
    const server: Scripted = await start((request, response) =>
      request.url.includes('last')
        ? sendJson(response, { tags: ['b'] })
        : sendJson(
            response,
            { tags: ['a'] },
            { link: `<http://${request.headers.host}/v2/x?last=a>; rel="next"` },
          ),
    );
    const registry = openScripted(server.name, { isPlain: false, trust });
    expect(await allOf(registry.repository('team/app').listTags())).toEqual(['a', 'b']);
  });
});
