import { mkdir, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Ran } from './programs.ts';
import { CURL } from './rights-curl.ts';
import { openClientSession } from './rights-client-session.ts';
import type { ClientAction, ClientSession, ClientActions } from './rights-client-session.ts';
import type { Holding, RightsGate } from './rights-gate.ts';
import { basic } from './test-gate.ts';

/** What came of each thing that was tried: `done`, `sign in` (401), `denied` (403), what the catalog showed. */
export interface Row {
  readonly login: string;
  readonly pullPublic: string;
  readonly pullPrivate: string;
  readonly push: string;
  readonly remove: string;
  readonly catalog: string;
}

/** What is to come of it, for every client that does not say otherwise. */
export const EXPECTED: readonly (readonly [holding: Holding, row: Row])[] = [
  ['none', row('nothing to sign in with', 'done', 'sign in', 'sign in', 'sign in', 'sign in')],
  ['alice', row('done', 'done', 'done', 'done', 'denied', 'public team')],
  ['rita', row('done', 'done', 'done', 'denied', 'denied', 'public team')],
  ['wrong password', row('sign in', 'sign in', 'sign in', 'sign in', 'sign in', 'sign in')],
  // It may do what its scope says and nothing else, not even what everybody may.
  ['ci token', row('done', 'denied', 'done', 'done', 'denied', 'team')],
  ['robot token', row('done', 'done', 'done', 'done', 'denied', 'public team')],
  ['revoked token', row('sign in', 'sign in', 'sign in', 'sign in', 'sign in', 'sign in')],
  // Last, since what she removes is what the others could not.
  ['dora', row('done', 'done', 'done', 'denied', 'done', 'public secret team')],
];

function row(
  ...[login, pullPublic, pullPrivate, push, remove, catalog]: readonly [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
): Row {
  return { login, pullPublic, pullPrivate, push, remove, catalog };
}

/** The row of one client: where it cannot do a thing, that, with the reason. */
export function expectedOf(skills: ClientActions, usual: Row, unusual: Partial<Row> = {}): Row {
  const unable = (['login', 'remove', 'catalog'] as const).flatMap((skill) => {
    const action = skills[skill];
    const isAsked = skill !== 'login' || usual.login !== NOTHING;
    return typeof action === 'string' && isAsked ? [[skill, `cannot: ${action}`] as const] : [];
  });
  return { ...usual, ...unusual, ...Object.fromEntries(unable) };
}

const NOTHING = 'nothing to sign in with';
/** Where repositories lie, sorted as the catalog has them. */
const CORNERS = ['public', 'secret', 'team'];

const slug = (text: string): string => text.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase();
const victimOf = (client: string): string => `team/old-${slug(client)}:1`;

/** Puts there what is to be pulled, and for each client an image to remove. */
export async function fill(fixture: RightsGate, clients: readonly string[]): Promise<void> {
  const { alice, sam } = fixture.credentials;
  const [hers, his] = [await openClientSession(fixture, alice), await openClientSession(fixture, sam)];
  for (const target of ['team/app:1', ...clients.map(victimOf)]) await mustPush(hers, target);
  await mustPush(his, 'public/app:1');
  await mustPush({ ...his, fixture: { ...fixture, image: fixture.secret } }, 'secret/plan:1');
}

async function mustPush(topicHandlers: ClientSession, target: string): Promise<void> {
  const ran = await CURL.push(topicHandlers, target);
  if (ran.status !== 0) throw new Error(`${target}: ${ran.output}`);
}

/** Tries everything with a client and what somebody holds. */
export async function tryAll(
  fixture: RightsGate,
  client: string,
  skills: ClientActions,
  holding: Holding,
): Promise<Row> {
  const topicHandlers = await openClientSession(fixture, fixture.credentials[holding]);
  const elsewhere = { ...topicHandlers, fresh: join(topicHandlers.fresh, 'elsewhere') };
  await mkdir(elsewhere.fresh);
  return {
    login: topicHandlers.who === undefined ? NOTHING : await attempt(skills.login, topicHandlers, ''),
    pullPublic: await attempt(skills.pull, topicHandlers, 'public/app:1'),
    pullPrivate: await attempt(skills.pull, elsewhere, 'team/app:1'),
    push: await attempt(skills.push, topicHandlers, `team/${slug(`${client} ${holding}`)}:1`, true),
    remove: await attempt(skills.remove, topicHandlers, victimOf(client), false),
    catalog: await list(skills.catalog, topicHandlers),
  };
}

/** What a client says has to be true as well: the image is there, or it is not. */
async function attempt(
  action: ClientAction | string,
  topicHandlers: ClientSession,
  target: string,
  after?: boolean,
): Promise<string> {
  if (typeof action === 'string') return `cannot: ${action}`;
  const verdict = verdictOf(await action(topicHandlers, target));
  if (after === undefined) return verdict;
  const isTrue = ((await isThere(topicHandlers.fixture, target)) === after) === (verdict === 'done');
  return isTrue ? verdict : `${verdict}, but the registry says otherwise`;
}

async function list(action: ClientAction | string, topicHandlers: ClientSession): Promise<string> {
  if (typeof action === 'string') return `cannot: ${action}`;
  const ran = await action(topicHandlers, '');
  const shown = CORNERS.filter((corner) => ran.stdout.includes(`${corner}/`)).join(' ');
  return ran.status === 0 ? shown : verdictOf(ran);
}

const QUESTION = /^(?:enter )?(?:username|password)\s*:/im;
/** What clients make of the two answers; some repeat the sentence of the gate alone. */
const SIGN_IN =
  /unauthorized|authentication required|\b401\b|no basic auth|invalid username|password is wrong/i;
const DENIED = /denied|\b403\b| may not /i;

/** `done`, `sign in` (401), `denied` (403), or what a client said instead. */
export function verdictOf({ status, output }: Ran): string {
  if (QUESTION.test(output)) return `asks: ${output}`;
  if (status === 0) return 'done';
  if (SIGN_IN.test(output)) return 'sign in';
  return DENIED.test(output) ? 'denied' : `failed: ${output}`;
}

/** Whether a tag is there, as Dora sees it, who may read everything. */
export async function isThere(fixture: RightsGate, target: string): Promise<boolean> {
  const { dora } = fixture.credentials;
  const ca = await readFile(fixture.caFile);
  const headers = {
    authorization: basic(dora?.user ?? '', dora?.password ?? ''),
    accept:
      'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json',
  };
  const url = `${fixture.url}/v2/${target.replace(':', '/manifests/')}`;
  const status = await new Promise<number>((resolve, reject) => {
    request(url, { method: 'HEAD', ca, headers, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
  if (status !== 200 && status !== 404) throw new Error(`${url}: ${status}`);
  return status === 200;
}
