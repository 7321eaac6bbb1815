import { Secret } from '../../lib/secret.ts';
import { isObject, parseJsonObject, type JsonObject } from '../model/json.ts';
import { textOf } from '../model/descriptor.ts';
import { readSmallFile, unreadable } from '../trust/small-file.ts';
import type { Credential } from './credential.ts';
import { askHelper } from './credential-program.ts';

/** The key of Docker Hub in docker's files, and other names of it. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HUB_NAMES = [HUB_KEY, 'index.docker.io', 'registry-1.docker.io', 'docker.io'];

interface Wanted {
  readonly registry: string;
  /** May be empty. */
  readonly repository: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks a registry up in a file that docker or podman wrote (docker: `config.json`; containers-auth.json(5)): in its
 * credential helpers first, then in the file itself. Undefined if there is no such file, or nothing in it. Throws AppError
 * FILE_UNREADABLE, SIGN_IN_FAILED if a helper fails.
 */
export async function findInAuthFile(path: string, wanted: Wanted): Promise<Credential | undefined> {
  const text = await readSmallFile(path);
  if (text === undefined || text.trim() === '') return undefined;
  const json = parseJsonObject(Buffer.from(text));
  if (json === undefined) throw unreadable(path, 'it is not a JSON object');
  return (await byHelper(json, wanted)) ?? byEntry(json, wanted, path);
}

async function byHelper(
  json: JsonObject,
  { registry, env, signal }: Wanted,
): Promise<Credential | undefined> {
  const helpers = json['credHelpers'];
  const names = registry === 'docker.io' ? HUB_NAMES : [registry];
  const named = isObject(helpers)
    ? names.map((name) => textOf(helpers, name)).find((name) => name !== '')
    : undefined;
  const helper = named ?? textOf(json, 'credsStore');
  if (helper === '') return undefined;
  return askHelper(helper, registry === 'docker.io' ? HUB_KEY : registry, { env, signal });
}

function byEntry(json: JsonObject, { registry, repository }: Wanted, path: string): Credential | undefined {
  const auths = json['auths'];
  if (!isObject(auths)) return undefined;
  // docker login once wrote https://registry.lan/v1/.
  const byHost = new Map(Object.keys(auths).map((key) => [hostOf(key), key]));
  for (const name of candidates(registry, repository)) {
    const entry = auths[name] ?? auths[byHost.get(name) ?? ''];
    const found = isObject(entry) ? readEntry(entry, `${path}, ${name}`) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `registry.lan/team/app`, `registry.lan/team`, `registry.lan`: the longest counts. */
function candidates(registry: string, repository: string): readonly string[] {
  const parts = repository.split('/').filter(Boolean);
  const paths = parts.map((_part, at) => `${registry}/${parts.slice(0, parts.length - at).join('/')}`);
  return [...paths, registry, ...(registry === 'docker.io' ? HUB_NAMES : [])];
}

function hostOf(key: string): string {
  return /^https?:\/\//.test(key) ? (key.replace(/^https?:\/\//, '').split('/')[0] ?? '') : '';
}

function readEntry(entry: JsonObject, where: string): Credential | undefined {
  const token = textOf(entry, 'identitytoken');
  if (token !== '') return { kind: 'identity', token: new Secret(token) };
  const auth = textOf(entry, 'auth');
  if (auth === '') return fromParts(textOf(entry, 'username'), textOf(entry, 'password'));
  const pair = Buffer.from(auth, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon <= 0) throw unreadable(where, 'its "auth" is not base64 of NAME:PASSWORD');
  // docker pads with NUL.
  return fromParts(pair.slice(0, colon), pair.slice(colon + 1).replace(/\0+$/, ''));
}

function fromParts(user: string, password: string): Credential | undefined {
  return user === '' || password === ''
    ? undefined
    : { kind: 'password', user, password: new Secret(password) };
}
