import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, request, type RequestOptions } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type Redis } from '../auth/abuse/support.ts';
import { PASSWORD, USER, makeCerts, startGate, type GateProcess } from '../support/gate-process.ts';
import { PageClient } from '../support/page-client.ts';
import { temporaryFolder, until, type Folder } from '../support/programs.ts';
import { describeWith } from '../support/requires.ts';
import { basic } from '../support/test-gate.ts';

const LIMIT = 3;
/** Users whose passwords are guessed, each in one test: one that was right once is never locked out. */
const VICTIMS = ['bob', 'carol', 'dave'];

interface Place {
  readonly port: number;
  readonly ca: string;
  readonly agent: Agent;
}

let folder: Folder;
let ca = '';
const closing: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  folder = await temporaryFolder('owner-workers');
});

afterAll(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await folder.close();
});

/** A gate with a state directory of its own, and the users of all. */
async function start(name: string, abuse: object, args: readonly string[]): Promise<GateProcess> {
  const certs = join(folder.path, name);
  await makeCerts(certs, ['127.0.0.1', 'localhost']);
  ca = await readFile(join(certs, 'ca.crt'), 'utf8');
  const line = await readFile(join(certs, 'htpasswd'), 'utf8');
  await writeFile(
    join(certs, 'htpasswd'),
    [USER, ...VICTIMS].map((user) => line.replace(USER, user)).join(''),
    { mode: 0o600 },
  );
  const config = join(certs, 'registry-gate.yml');
  await writeFile(config, JSON.stringify({ abuse: { wrongPasswords: LIMIT, ...abuse } }), { mode: 0o600 });
  const backend = `embedded:${join(folder.path, `${name}-data`)}`;
  const gate = await startGate({ certs, backend, args: ['--config', config, ...args] });
  closing.push(() => gate.close());
  return gate;
}

function placeOf(gate: GateProcess): Place {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 0 });
  closing.push(() => agent.destroy());
  return { port: Number(new URL(gate.url).port), ca, agent };
}

function open(place: Place, method: string, path: string, headers: RequestOptions['headers']): ClientRequest {
  return request({ ...place, host: '127.0.0.1', servername: 'localhost', method, path, headers });
}

async function ask(place: Place, method: string, path: string, authorization = ''): Promise<IncomingMessage> {
  const sent = open(place, method, path, authorization === '' ? {} : { authorization });
  sent.end();
  const [answer] = await once(sent, 'response');
  answer.resume();
  await once(answer, 'end');
  return answer;
}

let probes = 0;

/** The worker at the other end of a connection, as the log names it. */
async function workerOf(gate: GateProcess, place: Place): Promise<number> {
  const path = `/v2/probe/${(probes += 1)}/tags/list`;
  await ask(place, 'GET', path);
  const line = await until(
    () => gate.log.find((it) => it.includes(`"path":"${path}"`)),
    () => `no line of ${path}`,
  );
  return JSON.parse(line).worker;
}

/** A connection to each of two workers: the system gives connections to either. */
async function bothWorkers(gate: GateProcess): Promise<readonly [Place, Place]> {
  const found = new Map<number, Place>();
  while (found.size < 2) {
    const place = placeOf(gate);
    found.set(await workerOf(gate, place), place);
  }
  const [one, other] = found.values();
  if (one === undefined || other === undefined) throw new Error('there are not two workers');
  return [one, other];
}

async function ownerAt(place: Place): Promise<PageClient> {
  const owner = new PageClient(place);
  expect((await owner.signIn(USER, PASSWORD)).status).toBe(303);
  return owner;
}

/** Guesses the password of a user until that is locked out. */
async function lockOut(place: Place, victim: string): Promise<void> {
  const statuses: (number | undefined)[] = [];
  for (let nth = 0; nth <= LIMIT; nth += 1)
    statuses.push((await ask(place, 'GET', '/v2/', basic(victim, `wrong ${nth}`))).statusCode);
  expect(statuses.at(-1)).toBe(429);
}

const plain = (text: string): string => text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

/** Sees the lockout on a page, takes it back there, and sees it gone. */
async function unlockAt(owner: PageClient, victim: string): Promise<void> {
  const { body } = await owner.get('/activity');
  expect(plain(body)).toMatch(new RegExp(`${victim} 127\\.0\\.0\\.1 3 \\d+ s Unlock`));
  const csrf = /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? '';
  const answer = await owner.post('/owner/unlock', { csrf, user: victim });
  expect(answer.location).toMatch(/^\/activity\?unlocked=[1-9]/);
  expect(plain((await owner.get('/activity')).body)).not.toContain(`${victim} 127`);
}

const signsIn = async (place: Place, user: string): Promise<number | undefined> =>
  (await ask(place, 'GET', '/v2/', basic(user, PASSWORD))).statusCode;

describe('the pages of owners of a gate with two workers', () => {
  let gate: GateProcess;
  let places: readonly [Place, Place];

  beforeAll(async () => {
    gate = await start('alone', {}, ['--workers', '2']);
    places = await bothWorkers(gate);
  });

  it.each([
    ['the first', 0, 1, 'bob'],
    ['the second', 1, 0, 'carol'],
  ] as const)(
    'show a lockout that was made at %s at the other one, and take it back',
    async (_name, at, other, victim) => {
      const [made, seen] = [places[at], places[other]];
      const owner = await ownerAt(seen);
      await lockOut(made, victim);
      await unlockAt(owner, victim);
      expect([await signsIn(made, victim), await signsIn(seen, victim)]).toEqual([200, 200]);
      expect(await workerOf(gate, made)).not.toBe(await workerOf(gate, seen));
    },
  );

  it('show the transfers of both with their rates, at either', async () => {
    const owners = [await ownerAt(places[0]), await ownerAt(places[1])];
    const pushing = await bothWorkers(gate);
    const pushes = await Promise.all(pushing.map((place, at) => beginPush(place, `team/push-${at}`)));
    for (const owner of owners) {
      const shown = async (): Promise<string> => plain((await owner.get('/health')).body);
      for (const at of [0, 1])
        await expect
          .poll(shown)
          .toMatch(new RegExp(`team/push-${at} alice 127\\.0\\.0\\.1 1 MB of 5 MB \\d[\\d.,]* [kM]?B/s`));
      await expect.poll(shown).toContain('2 of 2 workers answer');
    }
    for (const push of pushes) push.destroy();
    for (const owner of owners)
      await expect.poll(async () => (await owner.get('/health')).body).toContain('No layer is being pushed');
  });
});

/** Sends 1 MB of a layer of 5 MB. */
async function beginPush(place: Place, repository: string): Promise<ClientRequest> {
  const authorization = basic(USER, PASSWORD);
  const { headers } = await ask(place, 'POST', `/v2/${repository}/blobs/uploads/`, authorization);
  const { pathname, search } = new URL(headers.location ?? '', 'https://localhost');
  const sent = open(place, 'PATCH', `${pathname}${search}`, {
    authorization,
    'Content-Type': 'application/octet-stream',
    'Content-Length': 5_000_000,
  });
  sent.on('error', () => undefined).write(Buffer.alloc(1_000_000));
  return sent;
}

describeWith(['redis-server'], 'the pages of owners of two gates with one Redis', () => {
  let redis: Redis;
  let places: readonly [Place, Place];

  beforeAll(async () => {
    redis = await startRedis();
    closing.push(() => redis.close());
    const abuse = { redis: redis.url };
    // Each with a CA of its own: the place of a gate has that of the last one that was started.
    places = [
      placeOf(await start('first', abuse, [])),
      placeOf(await start('second', abuse, ['--workers', '2'])),
    ];
  });

  it.each([
    ['the first', 0, 1, 'bob'],
    ['the second', 1, 0, 'carol'],
  ] as const)(
    'show a lockout that was made at %s at the other one, and take it back',
    async (_name, at, other, victim) => {
      const owner = await ownerAt(places[other]);
      await lockOut(places[at], victim);
      await unlockAt(owner, victim);
      expect(await signsIn(places[at], victim)).toBe(200);
    },
  );

  it('count by themselves while the Redis is gone, and are unlocked all the same', async () => {
    await redis.close();
    const owner = await ownerAt(places[1]);
    await lockOut(places[1], 'dave');
    await unlockAt(owner, 'dave');
    expect(await signsIn(places[1], 'dave')).toBe(200);
  });
});
