import type { X509Certificate } from 'node:crypto';
import { publicRootOf } from '../../pki/x509/public-roots.ts';
import type { Check } from '../check.ts';
import { checkAccount, checkChallenge } from '../checks/account.ts';
import { checkAnswer, checkClock } from '../checks/answer.ts';
import { checkCertificate } from '../checks/chain.ts';
import { checkName } from '../checks/name.ts';
import { checkInsecure, checkProxies, type InsecureEntry } from '../checks/proxy.ts';
import { checkRoute, type Here } from '../checks/route.ts';
import { checkTrust } from '../checks/trust.ts';
import type { AccountFacts } from '../facts/account.ts';
import type { Authority } from '../facts/authority.ts';
import type { NetworkFacts } from '../facts/network.ts';
import type { ProxySetting } from '../facts/proxies.ts';
import type { StoreFacts } from '../facts/stores.ts';
import type { Target } from '../target.ts';

/** All that was learnt about a registry and about this machine as its client. */
export interface ClientFacts {
  readonly target: Target;
  readonly here: Here;
  readonly now: Date;
  readonly network: NetworkFacts;
  readonly authority: Authority | undefined;
  readonly stores: readonly StoreFacts[];
  readonly proxies: readonly ProxySetting[];
  /** Undefined where Docker is not among the clients. */
  readonly insecure: { readonly entry: InsecureEntry | undefined } | undefined;
  /** Undefined if no sign-in was tried. */
  readonly account: AccountFacts | undefined;
  /** Why none was tried. */
  readonly noAccount: string;
}

/** The certificates that the server showed, the leaf first. */
export function chainIn({ secure }: NetworkFacts): readonly X509Certificate[] {
  return secure?.kind === 'answer' ? secure.chain : [];
}

/** All checks of a client, in the order in which a connection comes to be. Pure. */
export function examineClient(facts: ClientFacts): readonly Check[] {
  const { target, network, here } = facts;
  const name = checkName(target, here);
  if (target.endpoint === undefined || target.host.startsWith('*')) return [name];
  const chain = chainIn(network);
  const isPublic = chain.some((one) => publicRootOf(one) !== undefined) && facts.authority === undefined;
  const addresses = network.reached.map(({ address }) => address);
  const isLoopback = addresses.every((address) => address.startsWith('127.'));
  return [
    name,
    ...checkRoute(target, network, here),
    ...checkProxies(target, addresses, facts.proxies, here),
    checkAnswer(target, network, here),
    checkClock(network, here),
    ...checkCertificate(target, { chain, authority: facts.authority, now: facts.now, here }),
    ...facts.stores.map((store) =>
      checkTrust(target, store, { chain, authority: facts.authority, isPublic, isLoopback, here }),
    ),
    ...(facts.insecure === undefined ? [] : [checkInsecure(facts.insecure.entry, chain.length > 0, here)]),
    checkChallenge(target, network.secure),
    ...checkAccount(target, facts.account, { reason: facts.noAccount, here }),
  ];
}
