import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/observe/exchange.ts';
import type { Job } from '../../src/backend/reply/job.ts';
import type { CatalogPage } from '../../src/oci/catalog.ts';
import { createHandler, createRouter, type HandlerOptions } from '../../src/pipeline/handler.ts';
import { createPipeline } from '../../src/pipeline/pipeline.ts';
import { createOpenExchange } from '../../src/http/context.ts';
import { policyOf } from '../auth/policy/support.ts';
import { appOptions } from '../support/app-options.ts';
import { basic } from '../support/test-gate.ts';

type RequestHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** As Node calls it: what is below `/v2/` does not meet Express. */
const short = (options: HandlerOptions): RequestHandler => createHandler(options);

/** Every request by way of Express, which has no page for it. */
function long(options: HandlerOptions): RequestHandler {
  const open = createOpenExchange(options);
  const pages = createRouter(options, createPipeline(options));
  return (req, res) => {
    open(req, res);
    pages(req, res);
  };
}

const ALICE = basic('alice', 'right');
const MANIFEST = '/v2/team/app/manifests/1';
const DIGEST = `sha256:${'a'.repeat(64)}`;

/** A request's own name, as it stands in the answer. */
const REQUEST_ID = /[0-9a-f]{8}-[0-9a-z]+/g;

interface Told {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly text: string;
  readonly targets: readonly string[];
  readonly exchanges: readonly string[];
}

interface Ask {
  readonly name: string;
  readonly method?: 'get' | 'head' | 'put' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly status: number;
}

const signedIn = { Authorization: ALICE };
const form = { ...signedIn, 'Content-Type': 'application/x-www-form-urlencoded' };

const ASKED: readonly Ask[] = [
  { name: 'a stranger', path: MANIFEST, status: 401 },
  { name: 'a stranger with HEAD', method: 'head', path: MANIFEST, status: 401 },
  { name: 'a stranger who asks for nothing', path: '/v2/nothing', status: 401 },
  { name: 'a wrong password', path: '/v2/', headers: { Authorization: basic('alice', 'x') }, status: 401 },
  { name: 'a token that is none', path: '/v2/', headers: { Authorization: 'Bearer x' }, status: 401 },
  { name: 'an odd scheme', path: '/v2/', headers: { Authorization: 'Digest x' }, status: 401 },
  { name: 'what no rule allows', path: '/v2/other/app/tags/list', headers: signedIn, status: 403 },
  { name: 'a push without the right', method: 'put', path: MANIFEST, headers: signedIn, status: 403 },
  { name: 'an unknown path', path: '/v2/team/app/nothing', headers: signedIn, status: 404 },
  { name: 'another method', method: 'post', path: '/v2/_catalog', headers: signedIn, status: 405 },
  { name: 'a key given twice', path: '/v2/_catalog?x=1&x=2', headers: signedIn, status: 400 },
  { name: 'a key in another case', path: '/v2/_catalog?From=a', headers: signedIn, status: 400 },
  { name: 'a page that is none', path: '/v2/_catalog?last=~x', headers: signedIn, status: 400 },
  {
    name: 'a form on its way up',
    method: 'put',
    path: '/v2/team/mine/manifests/x',
    headers: form,
    body: 'mount=x',
    status: 415,
  },
  {
    name: 'a manifest that is too large',
    method: 'put',
    path: '/v2/team/mine/manifests/1',
    headers: { ...signedIn, 'Content-Type': 'application/json' },
    body: 'x'.repeat(101),
    status: 413,
  },
  { name: 'a ping', path: '/v2/', headers: signedIn, status: 200 },
  { name: 'a blob', path: `/v2/team/app/blobs/${DIGEST}`, headers: signedIn, status: 200 },
  { name: 'the catalog, filtered', path: '/v2/_catalog', headers: signedIn, status: 200 },
];

const RULES = policyOf(`
rules:
  - { who: [alice], repositories: ['team/**'], allow: [pull] }
  - { who: [alice], repositories: [team/mine], allow: [push] }
`);

describe('with Express and without it', () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());

  /** The answer, what was handed on, and the record, less what no two requests have in common. */
  async function tell(handler: (options: HandlerOptions) => RequestHandler, asked: Ask): Promise<Told> {
    const jobs: Job[] = [];
    const exchanges: Exchange[] = [];
    const page = async (): Promise<CatalogPage> => ({ names: ['other/app', 'team/app'], more: false });
    server = createServer(handler(appOptions({ policy: () => RULES, catalog: { page } }, jobs, exchanges)));
    const { method = 'get', path, headers = {}, body } = asked;
    const answer = await request(server)[method](path).set(headers).send(body);
    server.close();
    const { date: _date, ...fields } = answer.headers;
    return {
      status: answer.status,
      fields,
      text: (answer.text ?? '').replace(REQUEST_ID, 'ID'),
      targets: jobs.map(({ request: handed }) => handed.target),
      exchanges: exchanges.map(({ id: _id, ...rest }) => JSON.stringify(rest)),
    };
  }

  it.each(ASKED)('$name gets the same answer', async (asked) => {
    const told = await tell(short, asked);
    expect(told.status).toBe(asked.status);
    expect(told.exchanges).toHaveLength(1);
    expect(await tell(long, asked)).toEqual(told);
  });

  it.each([{ path: '/v2' }, { path: '/v2?n=1' }, { path: '/v3/' }, { path: '/' }])(
    'a stranger at $path is asked to sign in like at any other path',
    async ({ path }) => {
      const name = 'a stranger';
      const told = await tell(short, { name, path, status: 401 });
      const elsewhere = await tell(short, { name, path: MANIFEST, status: 401 });
      expect([told.status, told.fields, told.text]).toEqual([401, elsewhere.fields, elsewhere.text]);
    },
  );
});
