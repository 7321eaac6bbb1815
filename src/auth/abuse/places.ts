import { siteOfNetwork } from '../../lib/network.ts';
import type { Attempt } from './attempt.ts';
import type { CountKey } from './ledger.ts';

/** The counts that an attempt belongs to. */
export interface CountKeys {
  readonly pair: CountKey;
  /** Counted beside `pair`: the customer of a provider has an IPv6 /48 or /56, which is thousands of networks. */
  readonly site: CountKey | undefined;
  readonly network: CountKey;
  /** All networks of the /48 together. */
  readonly networkSite: CountKey | undefined;
  readonly user: CountKey;
}

export function countKeysOf({ user, network }: Attempt): CountKeys {
  const site = siteOfNetwork(network);
  return {
    pair: { kind: 'user-and-network', network, user },
    site: site === undefined ? undefined : { kind: 'user-and-network', network: site, user },
    network: { kind: 'network', network, user: '' },
    networkSite: site === undefined ? undefined : { kind: 'network', network: site, user: '' },
    user: { kind: 'user', network: '', user },
  };
}
