import { describe, expect, it } from 'vitest';
import {
  ALICE,
  blobOf,
  bytesOf,
  openScripted,
  send,
  startScripted,
  type Scripted,
} from '../images/client/scripted.ts';

const BYTES = Buffer.from('a layer');
const BLOB = blobOf(BYTES);
const BASIC = `Basic ${Buffer.from('alice:wonderland').toString('base64')}`;

async function startRedirecting(location: () => string): Promise<Scripted> {
  return startScripted(({ headers }, response) =>
    headers.authorization === BASIC
      ? send(response, 307, { location: location() })
      : send(response, 401, { 'www-authenticate': 'Basic realm="r"' }),
  );
}

const read = (server: Scripted): Promise<Buffer> =>
  bytesOf(
    openScripted(server.name, { credential: async () => ALICE })
      .repository('team/app')
      .readBlob(BLOB),
  );

describe('redirects of a registry', () => {
  it('to an object store carry no password, and the store is asked for none', async () => {
    const store = await startScripted((_request, response) => send(response, 200, {}, BYTES));
    const server = await startRedirecting(() => `${store.url}/bucket?signature=abc`);
    expect((await read(server)).equals(BYTES)).toBe(true);
    expect(store.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('by way of another host and back carry none either', async () => {
    const back: { url: string } = { url: '' };
    const store = await startScripted((_request, response) => send(response, 307, { location: back.url }));
    const server = await startScripted(({ url, headers }, response) => {
      if (url === '/back') return send(response, headers.authorization === undefined ? 200 : 500, {}, BYTES);
      return headers.authorization === BASIC
        ? send(response, 307, { location: store.url })
        : send(response, 401, { 'www-authenticate': 'Basic realm="r"' });
    });
    back.url = `${server.url}/back`;
    expect((await read(server)).equals(BYTES)).toBe(true);
  });

  it('of an object store that asks for a password get none', async () => {
    const store = await startScripted((_request, response) =>
      send(response, 401, { 'www-authenticate': 'Basic realm="give me"' }),
    );
    const server = await startRedirecting(() => store.url);
    await expect(read(server)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(store.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('in a circle end', async () => {
    const server: Scripted = await startRedirecting(() => `${server.url}/v2/team/app/blobs/again`);
    await expect(read(server)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(server.requests.length).toBeLessThan(10);
  });

  it.each(['file:///etc/passwd', 'ftp://store/x', 'http://', 'http://user:pw@store/', 'javascript:1', ''])(
    'to %j are not followed',
    async (location) => {
      const server = await startRedirecting(() => location);
      await expect(read(server)).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    },
  );

  it('of a request that writes are not followed', async () => {
    const other = await startScripted((_request, response) => send(response, 202));
    const server = await startRedirecting(() => other.url);
    const repository = openScripted(server.name, { credential: async () => ALICE }).repository('team/app');
    const putting = repository.putBlob(BLOB, async function* () {
      yield BYTES;
    });
    await expect(putting).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' });
    expect(other.requests).toEqual([]);
  });

  it('of an upload to another host carry no password', async () => {
    const other = await startScripted((_request, response) => send(response, 201));
    const server = await startScripted(({ headers }, response) =>
      headers.authorization === BASIC
        ? send(response, 202, { location: `${other.url}/upload` })
        : send(response, 401, { 'www-authenticate': 'Basic realm="r"' }),
    );
    const repository = openScripted(server.name, { credential: async () => ALICE }).repository('team/app');
    await repository.putBlob(BLOB, async function* () {
      yield BYTES;
    });
    expect(other.requests.map(({ method, headers }) => [method, headers.authorization])).toEqual([
      ['PUT', undefined],
    ]);
  });
});
