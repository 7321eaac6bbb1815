import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createBackend } from '../../../src/backend/client/backend.ts';
import { createCatalogSource } from '../../../src/backend/proxy/catalog-source.ts';
import { fillCatalogPage, type CatalogSource } from '../../../src/oci/catalog.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function sourceOf(listener: RequestListener, timeoutMs = 10_000): Promise<CatalogSource> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const backend = createBackend({ kind: 'http', host: '127.0.0.1', port }, () => performance.now());
  closers.push(() => {
    backend.close();
    server.closeAllConnections();
    server.close();
  });
  return createCatalogSource({ backend, timeoutMs });
}

describe('the catalog of the registry', () => {
  it('is asked for by page, without anything of the client', async () => {
    const asked: unknown[] = [];
    const source = await sourceOf((req, res) => {
      asked.push([req.method, req.url, Object.keys(req.headers).sort()]);
      res.setHeader('Link', '</v2/_catalog?last=b&n=2>; rel="next"').end('{"repositories":["a","b"]}');
    });
    expect(await source(2, 'team/app')).toEqual({ names: ['a', 'b'], more: true });
    expect(await source(3, undefined)).toEqual({ names: ['a', 'b'], more: true });
    expect(asked).toEqual([
      ['GET', '/v2/_catalog?n=2&last=team%2Fapp', ['host']],
      ['GET', '/v2/_catalog?n=3', ['host']],
    ]);
  });

  it.each([
    ['the last page', '{"repositories":["a"]}', ['a']],
    ['no names', '{"repositories":[]}', []],
    ['no list at all', '{"repositories":null}', []],
  ])('ends with %s', async (_name, body, names) => {
    const source = await sourceOf((_req, res) => void res.end(body));
    expect(await source(10, undefined)).toEqual({ names, more: false });
  });

  it.each([
    ['another status', 404, '{"errors":[]}', { status: 404 }],
    ['no JSON', 200, '<html>', { status: undefined }],
    ['another JSON', 200, '{"names":[]}', { status: undefined }],
    ['no list of names', 200, '{"repositories":[1]}', { status: undefined }],
    ['far too much', 200, `{"repositories":["${'a'.repeat(2_000_000)}"]}`, { status: undefined }],
  ])('fails with %s', async (_name, status, body, expected) => {
    const source = await sourceOf((_req, res) => void res.writeHead(status).end(body));
    await expect(source(10, undefined)).rejects.toMatchObject({ name: 'CatalogFailure', ...expected });
  });

  it('fails with a registry that is silent, before its answer or within it', async () => {
    const silent = await sourceOf(() => undefined, 50);
    await expect(silent(10, undefined)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const stuck = await sourceOf((_req, res) => void res.write('{"repositories":['), 50);
    await expect(stuck(10, undefined)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('fails with a registry that breaks off', async () => {
    const source = await sourceOf((_req, res) => {
      res.writeHead(200, { 'Content-Length': '100' }).write('{"repositories":["a"]');
      res.socket?.destroySoon();
    });
    await expect(source(10, undefined)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('makes pages of what may be seen', async () => {
    const all = Array.from({ length: 250 }, (_, at) => `r${String(at).padStart(3, '0')}`);
    const source = await sourceOf((req, res) => {
      const query = new URL(req.url ?? '', 'http://registry').searchParams;
      const rest = all.filter((name) => name > (query.get('last') ?? ''));
      const page = rest.slice(0, Math.min(20, Number(query.get('n'))));
      if (rest.length > page.length) res.setHeader('Link', '</v2/_catalog>; rel="next"');
      res.end(JSON.stringify({ repositories: page }));
    });
    const isVisible = (name: string): boolean => name.endsWith('7');
    const first = await fillCatalogPage({ n: 3, last: undefined, source, isVisible });
    expect(first).toEqual({ names: ['r007', 'r017', 'r027'], next: { after: 'r027', isHidden: false } });
    const last = await fillCatalogPage({ n: 100, last: 'r027', source, isVisible });
    expect([last.names.length, last.next]).toEqual([22, undefined]);
  });
});
