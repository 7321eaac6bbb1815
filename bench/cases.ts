import { access } from 'node:fs/promises';
import { fillCache, pullFromCache } from './cached-layers.ts';
import { RULE_COUNTS, type Setup, type Side } from './contenders.ts';
import { forget, REPOSITORY, USER_COUNTS, type Fixture, type UsersKind } from './fixture.ts';
import { forgetImage, LAYERS, LAYER_SIZE, makeImage, pullImage, pushImage } from './image-client.ts';
import { pull, push, type LayerWork } from './layer-client.ts';
import { AUTHORIZATION, sendMany, shakeHands, type SmallRequest } from './small-client.ts';

/** What is being measured: some work, done by a client through one contender after the other. */
export interface Case {
  readonly name: string;
  readonly title: string;
  readonly setup: Setup;
  /** Names of contenders; the first is the one whose ratios are of interest. */
  readonly sides: readonly string[];
  readonly unit: 'request' | 'handshake' | 'GB';
  readonly needs: readonly string[];
  /** Readies the fixture, once. */
  prepare(fixture: Fixture): Promise<Bench>;
}

export interface Bench {
  /** How often the work is done before it is measured; once if nothing is said. */
  readonly warmUps?: number;
  /**
   * In how many turns a round is done, all sides one after the other in each; one if nothing is said. The speed of a
   * machine changes within seconds: in short turns it does so for all alike.
   */
  readonly turns?: number;
  /** Units of one measurement of this side. */
  amount(side: Side): number;
  /** Before each measurement; costs nobody anything. */
  before(side: Side): Promise<void>;
  work(side: Side, client: Client): Promise<void>;
}

export interface Client {
  readonly fixture: Fixture;
  readonly ca: string;
}

const PROXIES = ['gate', 'gate-workers', 'gate-b', 'nginx', 'nginx-tuned', 'caddy', 'haproxy'];
const REGISTRIES = ['gate-embedded', 'gate-embedded-b', 'nginx+registry', 'gate+registry'];
const CACHES = ['gate-cache', 'gate-cache-b', 'nginx-cache', 'gate'];
const SMALL_COUNT = 10_000;
/** Enough where each request takes the hash of a password: those processes don't get cheaper with time. */
const HASHED_COUNT = 2500;
/** A process that compiles while it runs has done so after twenty thousand requests, not before. */
const SMALL_WARM_UPS = 2;
const HANDSHAKES = 1000;
const HANDSHAKE_WARM_UPS = 12;
/** Of a round with handshakes or few layers. */
const TURNS = 4;
/** Transfers at once of so many MiB together take long enough by themselves. */
const WHOLE_ROUND = 1024;
const GB = 1e9;
const nothing = async (): Promise<void> => undefined;

/** Every name that `parseCase` knows, and what it stands for. */
export const CASE_HELP: readonly (readonly [string, string])[] = [
  ['get[:CLIENTS]', 'GET /v2/, signed in (apr1); 1 client if nothing else is said'],
  ['head[:CLIENTS]', 'HEAD of a blob, signed in'],
  ['manifest[:CLIENTS]', 'GET of a manifest, signed in'],
  ['stranger[:CLIENTS]', 'GET /v2/ without credentials, answered with 401'],
  ['bcrypt5[:CLIENTS], bcrypt12[:CLIENTS]', 'GET /v2/ of a user whose password is stored that way'],
  ['users[:CLIENTS[:USERS]]', 'GET /v2/ of the last of 10,000 users; or of 10, 100 or 1,000'],
  ['rules[:CLIENTS]', 'GET of a manifest with 1,000, 100 and 10 rules, and without any'],
  ['handshakes', 'full TLS handshakes'],
  ['pull[:MIB[:CLIENTS]]', 'GET of a blob of 256 MiB if nothing else is said'],
  ['cached-pull[:MIB[:CLIENTS]]', 'the same from a cache on the disk, which was filled before'],
  ['push[:MIB[:CLIENTS]]', 'the same blob on its way up, into docker-registry'],
  ['embedded-pull[:MIB[:CLIENTS]]', 'the embedded registry beside nginx and docker-registry together'],
  ['embedded-push[:MIB[:CLIENTS]]', 'the same on its way up'],
  ['image-push, image-pull', 'an image of 12 layers of 8 MiB by skopeo, docker-registry behind all'],
];

export const DEFAULT_CASES = [
  'get:8',
  'manifest:8',
  'stranger:8',
  'bcrypt5:8',
  'handshakes',
  'pull:16:8',
  'pull',
  'push',
  'embedded-pull',
  'embedded-push',
];

/** A case by its name; undefined for a name that there is not. */
export function parseCase(text: string): Case | undefined {
  const [name = '', ...numbers] = text.split(':');
  const given = numbers.map(Number);
  if (!given.every((value) => Number.isInteger(value) && value > 0)) return undefined;
  return layerCase(text, name, given) ?? imageCase(text) ?? smallCase(text, name, given);
}

function smallCase(text: string, name: string, given: readonly number[]): Case | undefined {
  const [clients = 1, count = 10_000] = given;
  if (given.length > (name === 'users' ? 2 : 1)) return undefined;
  const root: SmallRequest = { method: 'GET', target: '/v2/', authorization: AUTHORIZATION, status: 200 };
  const manifest = { ...root, target: `/v2/${REPOSITORY}/manifests/latest` };
  const of = (title: string, users: UsersKind, request: SmallRequest = root): Case =>
    requests({ name: text, title: `${title}, ${plural(clients, 'client')}`, users, request, clients });
  switch (name) {
    case 'get':
      return of('GET /v2/', 'apr1');
    case 'manifest':
      return of('GET of a manifest', 'apr1', manifest);
    case 'stranger':
      return of('401 for a stranger', 'apr1', { method: 'GET', target: '/v2/', status: 401 });
    case 'bcrypt5':
    case 'bcrypt12':
      return of(`GET /v2/, bcrypt ${name.slice(6)}`, name);
    case 'users':
      return USER_COUNTS.some((known) => known === count)
        ? of(`GET /v2/, ${count} users`, `many-${count}`)
        : undefined;
    case 'rules':
      return {
        ...of('GET of a manifest, by number of rules', 'apr1', manifest),
        sides: [...RULE_COUNTS.map((rules) => `gate-rules-${rules}`).toReversed(), 'gate', 'nginx'],
      };
    case 'head':
      return headCase(text, clients);
    case 'handshakes':
      return handshakeCase(text);
    default:
      return undefined;
  }
}

interface Requests {
  readonly name: string;
  readonly title: string;
  readonly users: UsersKind;
  readonly request: SmallRequest;
  readonly clients: number;
}

function requests({ name, title, users, request, clients }: Requests): Case {
  // A stranger is turned away without a hash.
  const amount = ({ name: side }: Side): number =>
    request.authorization === undefined ? SMALL_COUNT : countOf(side, users);
  return {
    name,
    title,
    sides: PROXIES,
    unit: 'request',
    needs: [],
    setup: { users, backend: 'static' },
    prepare: async () => ({
      amount,
      warmUps: SMALL_WARM_UPS,
      before: nothing,
      work: (side, { ca }) => sendMany({ port: side.port, ca }, request, { count: amount(side), clients }),
    }),
  };
}

/** Who computes a slow hash for every request is asked less often; the figures are per request. */
function countOf(side: string, users: UsersKind): number {
  const forgets = side.startsWith('nginx') || side === 'haproxy';
  if (!forgets) return SMALL_COUNT;
  return users === 'bcrypt12' ? 4 : users === 'bcrypt5' ? 250 : users === 'many-10000' ? 500 : HASHED_COUNT;
}

function headCase(name: string, clients: number): Case {
  const base = {
    name,
    title: `HEAD of a blob, ${plural(clients, 'client')}`,
    users: 'apr1',
    clients,
  } as const;
  const made = (target: string): Case =>
    requests({ ...base, request: { method: 'HEAD', target, authorization: AUTHORIZATION, status: 200 } });
  return {
    ...made('/'),
    prepare: async (fixture) => {
      const { digest } = await fixture.blob(1);
      return made(`/v2/${REPOSITORY}/blobs/${digest}`).prepare(fixture);
    },
  };
}

function handshakeCase(name: string): Case {
  return {
    name,
    title: 'full TLS 1.3 handshake, P-256, X25519',
    sides: PROXIES,
    unit: 'handshake',
    needs: [],
    setup: { users: 'apr1', backend: 'static' },
    prepare: async () => ({
      warmUps: HANDSHAKE_WARM_UPS,
      turns: TURNS,
      amount: () => HANDSHAKES,
      before: nothing,
      work: ({ port }, { ca }) => shakeHands({ port, ca }, HANDSHAKES),
    }),
  };
}

function layerCase(text: string, name: string, given: readonly number[]): Case | undefined {
  const [size = 256, clients = 1] = given;
  const [, own, direction] = /^(embedded-|cached-(?=pull))?(pull|push)$/.exec(name) ?? [];
  if (direction === undefined || given.length > 2) return undefined;
  const isPull = direction === 'pull';
  const isCached = own === 'cached-';
  const isEmbedded = own === 'embedded-';
  const isHit = ({ name: side }: Side): boolean => isCached && /-cache(-b)?$/.test(side);
  const data = isEmbedded ? 'none' : isPull ? 'static' : 'registry';
  const where = isCached ? ', from a cache' : isEmbedded ? ', registry included' : '';
  return {
    name: text,
    unit: 'GB',
    needs: data === 'static' ? ['curl'] : ['curl', 'docker-registry'],
    title: `${direction} of ${size} MiB, ${plural(clients, 'client')}${where}`,
    setup: { users: 'apr1', backend: data },
    sides: isCached ? CACHES : isEmbedded ? REGISTRIES : PROXIES,
    prepare: async (fixture) => {
      const blob = await fixture.blob(size);
      const work = { blob, clients, times: timesOf(size, clients, isPull) };
      const amount = (blob.bytes * clients * work.times) / GB;
      return {
        turns: size * clients < WHOLE_ROUND ? TURNS : 1,
        amount: () => amount,
        before: (side) =>
          isHit(side) ? fillCache(fixture, side, work) : beforeLayers(fixture, side, { isPull, work }),
        work: (side) =>
          isHit(side) ? pullFromCache(fixture, side, work) : (isPull ? pull : push)(fixture, side.port, work),
      };
    },
  };
}

/** Enough for a second or so of processor time where that is to be had with few transfers. */
function timesOf(size: number, clients: number, isPull: boolean): number {
  const whole = isPull ? 512 : 256;
  return Math.max(1, Math.min(isPull ? 400 : 100, Math.round(whole / (size * clients))));
}

/** A registry that is to be pushed into has not seen the blob; one that is to be pulled from has it. */
async function beforeLayers(
  fixture: Fixture,
  { data, port }: Side,
  { isPull, work }: { readonly isPull: boolean; readonly work: LayerWork },
): Promise<void> {
  if (data === undefined) return;
  if (!isPull) await forget(data, work.blob);
  else if (!(await isThere(data, work.blob.digest)))
    await push(fixture, port, { ...work, clients: 1, times: 1 });
}

function imageCase(name: string): Case | undefined {
  if (name !== 'image-push' && name !== 'image-pull') return undefined;
  const isPull = name === 'image-pull';
  return {
    name,
    unit: 'GB',
    needs: ['skopeo', 'docker-registry'],
    sides: PROXIES,
    title: `image of ${LAYERS} layers by skopeo, ${isPull ? 'pull' : 'push'}`,
    setup: { users: 'apr1', backend: 'registry' },
    prepare: async (fixture) => {
      const layout = await makeImage(fixture);
      return {
        amount: () => (LAYERS * LAYER_SIZE * 1024 * 1024) / GB,
        before: async ({ data, port }) => {
          if (data !== undefined && !isPull) await forgetImage(data);
          if (isPull) await pushImage(fixture, port, layout);
        },
        work: ({ port }) => (isPull ? pullImage(fixture, port) : pushImage(fixture, port, layout)),
      };
    },
  };
}

async function isThere(data: string, digest: string): Promise<boolean> {
  const hex = digest.slice(7);
  const path = `${data}/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
  return access(path).then(
    () => true,
    () => false,
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
