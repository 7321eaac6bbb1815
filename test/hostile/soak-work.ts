import type { Dice } from '../support/hostile.ts';
import { AUTHORIZATION, basic } from '../support/test-gate.ts';
import { LAYER, LAYER_DIGEST, MANIFEST, PUSHED, PUSHED_DIGEST } from './soak-content.ts';
import type { SoakAnswer, SoakConnection, SoakRequest } from './soak-connection.ts';

/** What a request of the mix is called, how often it comes in a thousand, and what it must be answered with. */
interface Kind {
  readonly name: string;
  readonly share: number;
  readonly status: number;
  readonly request: SoakRequest;
  readonly body?: Buffer;
}

const head = (line: string, authorization: string | undefined, ...fields: readonly string[]): string =>
  [
    `${line} HTTP/1.1`,
    'Host: localhost',
    ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
    ...fields,
    '\r\n',
  ].join('\r\n');

const get = (path: string, authorization: string | undefined): SoakRequest => ({
  head: head(`GET ${path}`, authorization),
});

const manifest = '/v2/open/app/manifests/latest';
const layer = `/v2/open/app/blobs/${LAYER_DIGEST}`;
const wrong = basic('alice', 'not the password of alice');

/** Of a thousand; what is left over pushes. */
const KINDS: readonly Kind[] = [
  { name: 'base', share: 100, status: 200, request: get('/v2/', AUTHORIZATION) },
  { name: 'manifest', share: 400, status: 200, request: get(manifest, AUTHORIZATION), body: MANIFEST },
  {
    name: 'HEAD',
    share: 250,
    status: 200,
    request: { head: head(`HEAD ${layer}`, AUTHORIZATION), isHead: true },
  },
  { name: 'no credentials', share: 100, status: 401, request: get(manifest, undefined) },
  { name: 'wrong password', share: 5, status: 401, request: get(manifest, wrong) },
  {
    name: 'no right',
    share: 95,
    status: 403,
    request: get('/v2/secret/app/manifests/latest', AUTHORIZATION),
  },
  { name: 'layer', share: 30, status: 200, request: get(layer, AUTHORIZATION), body: LAYER },
];

const WHEEL: readonly (Kind | undefined)[] = Array.from({ length: 1000 }, (_none, at) => {
  let below = 0;
  return KINDS.find(({ share }) => at < (below += share));
});

/** Requests sent ahead of their answers, as many as a client with parallel layers would have open. */
const AT_ONCE = 8;

/** One turn on a connection. Resolves to how many requests were made; throws where an answer was not as it must be. */
export async function takeTurn(
  connection: SoakConnection,
  dice: Dice,
  tally: Map<string, number>,
): Promise<number> {
  const kinds: Kind[] = [];
  for (let at = 0; at < AT_ONCE; at += 1) {
    const kind = WHEEL[dice(WHEEL.length)];
    if (kind === undefined) {
      if (at > 0) break;
      return push(connection, tally);
    }
    kinds.push(kind);
  }
  const answers = await connection.ask(kinds.map(({ request }) => request));
  for (const [at, kind] of kinds.entries()) expectAnswer(kind.name, kind.status, answers[at], kind.body);
  for (const { name } of kinds) tally.set(name, (tally.get(name) ?? 0) + 1);
  return kinds.length;
}

/** Pulls the layer once; throws where it is not the one. */
export async function pullLayer(connection: SoakConnection): Promise<void> {
  const [answer] = await connection.ask([get(layer, AUTHORIZATION)]);
  expectAnswer('layer', 200, answer, LAYER);
}

async function push(connection: SoakConnection, tally: Map<string, number>): Promise<number> {
  const start = head('POST /v2/open/app/blobs/uploads/', AUTHORIZATION, 'Content-Length: 0');
  const [begun] = await connection.ask([{ head: start }]);
  expectAnswer('begin of a push', 202, begun);
  const target = `PUT ${begun?.location}?digest=${PUSHED_DIGEST}`;
  const fields = [`Content-Length: ${PUSHED.length}`, 'Content-Type: application/octet-stream'];
  const [done] = await connection.ask([{ head: head(target, AUTHORIZATION, ...fields), body: PUSHED }]);
  expectAnswer('push', 201, done);
  tally.set('push', (tally.get('push') ?? 0) + 2);
  return 2;
}

function expectAnswer(name: string, status: number, answer: SoakAnswer | undefined, body?: Buffer): void {
  if (answer?.status !== status)
    throw new Error(`${name}: ${answer?.status} instead of ${status}: ${answer?.body}`);
  if (body !== undefined && !body.equals(answer.body))
    throw new Error(`${name}: ${answer.body.length} bytes of another content`);
}
