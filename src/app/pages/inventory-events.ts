import type { Inventory, RegistryEvent } from '../../inventory/inventory.ts';
import type { Exchange } from '../../observe/exchange.ts';
import { tagsInQuery } from '../../oci/request/tags-of-push.ts';

const KINDS: Readonly<Record<string, RegistryEvent['kind']>> = {
  PUT: 'pushed',
  DELETE: 'deleted',
  // A client that asks with HEAD whether there is something new pulls nothing yet.
  GET: 'pulled',
};

/** Returns a function that tells the inventory of each exchange. */
export function noteExchanges(inventory: Pick<Inventory, 'note'>): (exchange: Exchange) => void {
  return (exchange) => {
    for (const event of eventsOf(exchange, Date.now())) inventory.note(event);
  };
}

/** What an exchange means for the inventory: nothing if it is about no manifest, or was refused. */
export function eventsOf({ request, status, user }: Exchange, at: number): readonly RegistryEvent[] {
  if (request?.route.kind !== 'manifest' || status < 200 || status >= 300) return [];
  const kind = KINDS[request.method];
  if (kind === undefined) return [];
  const { repository, reference } = request.route;
  const references = [reference, ...(kind === 'pushed' ? tagsInQuery(request) : [])];
  return references.map((named) => ({ kind, repository, reference: named, by: user, at }));
}
