import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Names that a shell would run, or take apart. */
const HOSTILE = [
  '$(touch hit)',
  '`touch hit`',
  '1;touch hit',
  "1'$(touch hit)'",
  '1 2',
  '*',
  '~root',
  '\u001b[2J',
  '1\ntouch hit',
  '-rf',
  '{a,b}',
];

export interface NamesRegistry {
  /** `127.0.0.1:PORT`. */
  readonly name: string;
  close(): void;
}

/** A registry that tells good names and hostile ones. */
export async function startNamesRegistry(): Promise<NamesRegistry> {
  const pages: Readonly<Record<string, unknown>> = {
    '/v2/': {},
    '/v2/_catalog': { repositories: ['team/app', 'team/web', 'other', ...HOSTILE] },
    '/v2/team/app/tags/list': { name: 'team/app', tags: ['1.0', '1.1', 'latest', ...HOSTILE] },
  };
  const server = createServer((request, response) => {
    const page = pages[(request.url ?? '').replace(/\?.*$/, '')];
    response
      .writeHead(page === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
      .end(JSON.stringify(page ?? {}));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
  return {
    name: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
