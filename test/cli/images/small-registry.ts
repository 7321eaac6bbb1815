import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { bytesOf, type Content } from '../../support/image-content.ts';
import type { ImageKind } from '../../support/image-kinds.ts';

export interface SmallRegistry {
  /** `127.0.0.1:PORT`. */
  readonly name: string;
  /** What was asked, such as `GET /v2/_catalog?n=1000`. */
  readonly asked: readonly string[];
  /** Keeps an image under a tag. */
  add(repository: string, tag: string, kind: ImageKind): Promise<void>;
  /** Keeps any manifest under a tag. */
  put(repository: string, tag: string, content: Content): Promise<void>;
  close(): Promise<void>;
}

interface Stored {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: string;
}

/** A registry in this process that only reads, with lists in pages of this length. `catalog`: the status that its catalog has. */
export async function startSmallRegistry(pageLength = 100, catalog = 200): Promise<SmallRegistry> {
  const repositories = new Map<string, Map<string, Stored>>();
  const blobs = new Map<string, Stored>();
  const asked: string[] = [];
  const store = async (content: Content): Promise<Stored> => {
    const { mediaType, digest } = content;
    return { mediaType, digest, bytes: await bytesOf(content) };
  };
  const tagsOf = (repository: string): Map<string, Stored> => {
    const known = repositories.get(repository) ?? new Map<string, Stored>();
    repositories.set(repository, known);
    return known;
  };
  const list = (response: ServerResponse, url: URL, key: string, all: readonly string[]): void => {
    const last = url.searchParams.get('last');
    const start = last === null ? 0 : all.indexOf(last) + 1;
    const page = all.slice(start, start + pageLength);
    if (start + pageLength < all.length) {
      url.searchParams.set('last', page.at(-1) ?? '');
      response.setHeader('link', `<${url.pathname}${url.search}>; rel="next"`);
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ name: 'x', [key]: page }));
  };
  const send = (request: IncomingMessage, response: ServerResponse, found: Stored | undefined): void => {
    if (found === undefined) {
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      return;
    }
    const { mediaType, bytes, digest } = found;
    response.writeHead(200, {
      'content-type': mediaType,
      'content-length': bytes.length,
      'docker-content-digest': digest,
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://registry');
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const [, repository = '', kind = '', reference = ''] =
      /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(.+)$/.exec(url.pathname) ?? [];
    const tags = repositories.get(repository);
    if (url.pathname === '/v2/') response.end('{}');
    else if (url.pathname === '/v2/_catalog') {
      if (catalog === 200) list(response, url, 'repositories', [...repositories.keys()].sort());
      else response.writeHead(catalog).end('{"errors":[{"code":"UNSUPPORTED"}]}');
    } else if (kind === 'tags' && tags !== undefined) {
      list(response, url, 'tags', [...tags.keys()].filter((tag) => !tag.startsWith('sha256:')).sort());
    } else if (kind === 'blobs') send(request, response, blobs.get(reference));
    else send(request, response, kind === 'manifests' ? tags?.get(reference) : undefined);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    name: `127.0.0.1:${port}`,
    asked,
    async add(repository, tag, kind) {
      for (const blob of kind.blobs) blobs.set(blob.digest, await store(blob));
      const tags = tagsOf(repository);
      for (const manifest of kind.manifests) tags.set(manifest.digest, await store(manifest));
      for (const [name, content] of [[tag, kind.root] as const, ...kind.tags])
        tags.set(name, await store(content));
    },
    async put(repository, tag, content) {
      tagsOf(repository).set(tag, await store(content));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
