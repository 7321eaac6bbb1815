import { AppError } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';
import { Secret } from '../../../lib/secret.ts';
import type { Credential } from '../../credentials/credential.ts';
import { parseJsonObject, type JsonObject } from '../../model/json.ts';
import type { Answer } from '../wire/answer.ts';
import type { WireRequest } from '../wire/wire.ts';
import { basicOf } from './basic.ts';

/** What a Bearer challenge says of where tokens are issued. */
export interface TokenSource {
  readonly realm: URL;
  readonly service: string;
}

export interface AccessToken {
  readonly header: Secret<string>;
  /** In seconds from now. */
  readonly lifetime: number;
}

const MOST_ANSWER = 64 * 1024;
const MOST_TOKEN = 32 * 1024;
/** What is meant where none is stated (distribution: "Token Authentication Specification"). */
const USUAL_LIFETIME = 60;
const CLIENT = 'registry-gate';

/** Asks for a token. Returns the refusing answer, its body unread, if it is refused. */
export async function requestToken(
  send: (request: WireRequest) => Promise<Answer>,
  source: TokenSource,
  scopes: readonly string[],
  credential: Credential | undefined,
): Promise<AccessToken | Answer> {
  const request =
    credential?.kind === 'identity' ? renewal(source, scopes, credential) : plain(source, scopes, credential);
  const answer = await send(request);
  if (answer.status !== 200) return answer;
  return readToken(parseJsonObject(await answer.read(MOST_ANSWER)) ?? {}, source);
}

function plain(
  { realm, service }: TokenSource,
  scopes: readonly string[],
  credential: Extract<Credential, { kind: 'password' }> | undefined,
): WireRequest {
  const url = new URL(realm);
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credential === undefined) return { method: 'GET', url, headers: {} };
  url.searchParams.set('account', credential.user);
  return { method: 'GET', url, headers: { authorization: basicOf(credential).reveal() } };
}

/** distribution: "OAuth2 Token Authentication". */
function renewal(
  { realm, service }: TokenSource,
  scopes: readonly string[],
  { token }: Extract<Credential, { kind: 'identity' }>,
): WireRequest {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: CLIENT });
  form.set('refresh_token', token.reveal());
  if (service !== '') form.set('service', service);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  return {
    method: 'POST',
    url: realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  };
}

function readToken(json: JsonObject, { realm }: TokenSource): AccessToken {
  const text = [json['token'], json['access_token']].find(
    (value) => typeof value === 'string' && value !== '',
  );
  if (typeof text !== 'string' || text.length > MOST_TOKEN || !/^[!-~]+$/.test(text))
    throw new AppError('SIGN_IN_FAILED', {
      message: `${printable(realm.host)} answered without a token that can be used.`,
      hint: 'Check that the registry names its own token service, or ask who runs it.',
    });
  const seconds = Number(json['expires_in']);
  const lifetime = seconds > 0 && Number.isFinite(seconds) ? seconds : USUAL_LIFETIME;
  return { header: new Secret(`Bearer ${text}`), lifetime };
}
