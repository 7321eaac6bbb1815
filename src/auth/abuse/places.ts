import { siteOfNetwork } from '../../lib/network.ts';
import type { Attempt } from './attempt.ts';
import type { Place } from './ledger.ts';

/** The counts that an attempt belongs to. */
export interface Places {
  readonly pair: Place;
  /** Counted beside `pair`: the customer of a provider has an IPv6 /48 or /56, which is thousands of networks. */
  readonly site: Place | undefined;
  readonly network: Place;
  /** All networks of the /48 together. */
  readonly networkSite: Place | undefined;
  readonly user: Place;
}

export function placesOf({ user, network }: Attempt): Places {
  const site = siteOfNetwork(network);
  return {
    pair: { kind: 'user-and-network', network, user },
    site: site === undefined ? undefined : { kind: 'user-and-network', network: site, user },
    network: { kind: 'network', network, user: '' },
    networkSite: site === undefined ? undefined : { kind: 'network', network: site, user: '' },
    user: { kind: 'user', network: '', user },
  };
}
