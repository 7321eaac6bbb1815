import type { IncomingMessage } from 'node:http';
import { hasAnonymousRules } from '../../auth/policy/policy.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { contextOf } from '../../http/context.ts';
import { basicChallenge, bearerChallenge, tokenRealm } from '../../oci/challenge.ts';
import type { BearerOptions } from '../../oci/challenge.ts';

export interface ChallengeOptions {
  /** `auto`: Basic, and Bearer as soon as a rule speaks of people who have not signed in, which Basic can't express. */
  readonly kind: 'auto' | 'basic' | 'bearer';
  readonly realm: string;
  readonly service: string;
  readonly policy: () => Policy;
  /** Told of each host that clients are sent to for a token. */
  readonly onRealm: (host: string) => void;
}

/** The one challenge that a request is answered with, as headers. */
export type Challenge = (
  req: IncomingMessage,
  details?: Pick<BearerOptions, 'scope' | 'error'>,
) => Readonly<Record<string, string>>;

/** Asks clients who they are, in the same way on every path. The realm of a token is at the host under which the client knows the gate. */
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
