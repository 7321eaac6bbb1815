import type { IncomingMessage } from 'node:http';
import { hasAnonymousRules, type Policy } from '../../auth/policy/policy.ts';
import { contextOf } from '../../http/context.ts';
import { basicChallenge, bearerChallenge, tokenRealm, type BearerOptions } from '../../oci/challenge.ts';

interface ChallengeOptions {
  /** `auto`: Basic, or Bearer if a rule is for anonymous clients, which Basic can't express. */
  readonly kind: 'auto' | 'basic' | 'bearer';
  readonly realm: string;
  readonly service: string;
  readonly policy: () => Policy;
  /** Called with each host that clients are sent to for a token. */
  readonly onRealm: (host: string) => void;
}

/** Returns the challenge for a request, as headers. */
export type Challenge = (
  req: IncomingMessage,
  details?: Pick<BearerOptions, 'scope' | 'error'>,
) => Readonly<Record<string, string>>;

/** Creates the challenge, which is the same on every path. The token service is at the host name that the client used. */
export function createChallenge({ kind, realm, service, policy, onRealm }: ChallengeOptions): Challenge {
  const basic = { 'WWW-Authenticate': basicChallenge(realm) };
  return (req, details = {}) => {
    const isBearer = kind === 'bearer' || (kind === 'auto' && hasAnonymousRules(policy()));
    const { host } = contextOf(req);
    if (!isBearer || host === '') return basic;
    onRealm(host);
    return { 'WWW-Authenticate': bearerChallenge({ realm: tokenRealm(host), service, ...details }) };
  };
}
