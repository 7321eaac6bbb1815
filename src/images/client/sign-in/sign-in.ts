import type { Secret } from '../../../lib/secret.ts';
import type { Credential } from '../../credentials/credential.ts';
import { Answer } from '../wire/answer.ts';
import type { WireRequest } from '../wire/wire.ts';
import { renderNeeds, type Need } from './access.ts';
import { basicOf } from './basic.ts';
import { parseChallenges, type Challenge } from './challenges.ts';
import { notSignedIn, realmRefused } from './not-signed-in.ts';
import { requestToken, type TokenSource } from './token.ts';
import { createTokenCache } from './token-cache.ts';

interface SignInOptions {
  readonly registry: string;
  /** Where the registry is. */
  readonly origin: string;
  /** Sends a request to a token service. */
  readonly send: (request: WireRequest) => Promise<Answer>;
  /** Whether the registry was named as one without TLS. */
  readonly isPlain: boolean;
  readonly credential: (repository: string) => Promise<Credential | undefined>;
  /** A clock that never goes backwards, in milliseconds. */
  readonly now: () => number;
}

interface Refusal {
  /** `WWW-Authenticate`. */
  readonly challenge: string;
  readonly needs: readonly Need[];
  /** The header that was refused. */
  readonly sent: Secret<string> | undefined;
}

/** Signs in to one registry. Nothing is sent before the registry asks for it. */
export interface SignIn {
  /** Returns `Authorization` for a request, if the registry is known to want one. */
  header(needs: readonly Need[], signal?: AbortSignal): Promise<Secret<string> | undefined> | undefined;
  /**
   * Answers the challenge of a 401. Throws AppError SIGN_IN_FAILED if there is nothing left to try.
   */
  renew(refusal: Refusal, signal?: AbortSignal): Promise<Secret<string>>;
}

/** How a token is asked for. */
interface Asked {
  /** That of a challenge. */
  readonly scope?: string | undefined;
  readonly signal: AbortSignal | undefined;
}

type Way =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly source: TokenSource; readonly canBasic: boolean };

export function createSignIn(options: SignInOptions): SignIn {
  const { registry, credential, now } = options;
  const tokens = createTokenCache({ now });
  let way: Way = { kind: 'none' };

  const basic = async (repository: string): Promise<Secret<string> | undefined> => {
    const found = await credential(repository);
    return found?.kind === 'password' ? basicOf(found) : undefined;
  };
  const bearer = async (
    needs: readonly Need[],
    source: TokenSource,
    { scope = '', signal }: Asked,
  ): Promise<Secret<string> | Answer> => {
    const scopes = renderNeeds(needs, scope);
    const send = (request: WireRequest): Promise<Answer> => options.send({ ...request, signal });
    const key = JSON.stringify([source.realm.href, source.service, scopes]);
    return tokens.get(key, async () =>
      requestToken(send, source, scopes, await credential(repositoryOf(needs))),
    );
  };
  const byToken = async (needs: readonly Need[], asked: Asked): Promise<Secret<string> | undefined> => {
    if (way.kind !== 'bearer') return undefined;
    const { source, canBasic } = way;
    const got = await bearer(needs, source, asked);
    if (!(got instanceof Answer)) return got;
    const instead = canBasic ? await basic(repositoryOf(needs)) : undefined;
    if (instead === undefined) throw await notSignedIn(registry, await credential(repositoryOf(needs)), got);
    await got.drop();
    way = { kind: 'basic' };
    return instead;
  };

  return {
    header(needs, signal) {
      if (way.kind === 'none') return undefined;
      return way.kind === 'basic' ? basic(repositoryOf(needs)) : byToken(needs, { signal });
    },
    async renew({ challenge, needs, sent }, signal) {
      const offered = parseChallenges(challenge);
      if (sent !== undefined) tokens.forget(sent);
      way = wayOf(offered, options);
      const scope = offered.find(({ scheme }) => scheme === 'bearer')?.parameters.get('scope');
      const repository = repositoryOf(needs);
      const header =
        way.kind === 'bearer' ? await byToken(needs, { scope, signal }) : await basic(repository);
      if (header === undefined || (way.kind !== 'bearer' && sent?.reveal() === header.reveal()))
        throw await notSignedIn(registry, await credential(repository));
      return header;
    },
  };
}

/** The repository whose credential counts: the one that is written to, or the only one. */
function repositoryOf(needs: readonly Need[]): string {
  return needs.find(({ type }) => type === 'repository')?.name ?? '';
}

/** Prefers tokens, which can be had without a name too. */
function wayOf(offered: readonly Challenge[], { registry, origin, isPlain }: SignInOptions): Way {
  const canBasic = offered.some(({ scheme }) => scheme === 'basic');
  const realms = offered.filter(({ scheme }) => scheme === 'bearer');
  for (const { parameters } of realms) {
    const realm = realmOf(parameters.get('realm') ?? '', origin, isPlain);
    if (realm !== undefined)
      return { kind: 'bearer', source: { realm, service: parameters.get('service') ?? '' }, canBasic };
  }
  if (realms.length > 0 && !canBasic) throw realmRefused(registry, realms[0]?.parameters.get('realm') ?? '');
  return canBasic ? { kind: 'basic' } : { kind: 'none' };
}

/** Where a password may be sent: over TLS, or without it to a registry that was named as such. */
function realmOf(text: string, origin: string, isPlain: boolean): URL | undefined {
  const url = text === '' ? undefined : (URL.parse(text, origin) ?? undefined);
  if (url === undefined || url.username !== '' || url.password !== '') return undefined;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isPlain) ? url : undefined;
}
