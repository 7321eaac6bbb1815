import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { systemCode } from '../../lib/errors.ts';
import { ask, tryConnect, type Answer, type Fault, type Place } from './ask.ts';

/** One address of the name, and whether somebody listens there. */
interface Reached {
  readonly address: string;
  readonly fault: Fault | undefined;
}

/** Another port of the same host where a registry answers by TLS. */
interface Neighbour {
  readonly port: number;
  readonly answer: Answer;
}

/** What the network says of a host and a port. */
export interface NetworkFacts {
  /** The code of the resolver, where the name leads to no address: `ENOTFOUND`. */
  readonly lookupFault: string | undefined;
  /** The addresses of the name, at most 8. */
  readonly reached: readonly Reached[];
  /** `GET /v2/` by TLS. Undefined if nobody listens. */
  readonly secure: Answer | Fault | undefined;
  /** `GET /v2/` in plain HTTP. Asked only where TLS fails. */
  readonly plain: Answer | Fault | undefined;
  /** `GET /ca.crt`, by which a gate is known. Asked only where TLS works. */
  readonly authority: Answer | Fault | undefined;
  /** Asked only where the port is closed, or speaks plain HTTP. */
  readonly neighbours: readonly Neighbour[];
  /** When `secure` or `plain` was asked, and when its answer had come, in milliseconds since 1970. */
  readonly asked: { readonly from: number; readonly until: number };
}

const MOST_ADDRESSES = 8;
const NEIGHBOURS = [443, 8443, 5443, 5000];

/** Looks a host up, and asks who is there. Never rejects. */
export async function askNetwork(host: string, port: number): Promise<NetworkFacts> {
  const { addresses, lookupFault } = await findAddresses(host);
  const places = addresses.map((address): Place => ({ address, port, host }));
  const reached = await Promise.all(
    places.map(async (place) => ({ address: place.address, fault: await tryConnect(place) })),
  );
  const place = places.find((_place, at) => reached[at]?.fault === undefined);
  const from = Date.now();
  const secure = place && (await ask(place, '/v2/', true));
  const hasTls = secure?.kind === 'answer';
  const plain = place === undefined || hasTls ? undefined : await ask(place, '/v2/', false);
  const until = Date.now();
  return {
    lookupFault,
    reached,
    secure,
    plain,
    authority: place !== undefined && hasTls ? await ask(place, '/ca.crt', true) : undefined,
    neighbours: hasTls ? [] : await findNeighbours(places, port),
    asked: { from, until },
  };
}

async function findAddresses(
  host: string,
): Promise<{ readonly addresses: readonly string[]; readonly lookupFault: string | undefined }> {
  if (isIP(host) !== 0) return { addresses: [host], lookupFault: undefined };
  try {
    const found = await lookup(host, { all: true });
    const addresses = [...new Set(found.map(({ address }) => address))];
    return { addresses: addresses.slice(0, MOST_ADDRESSES), lookupFault: undefined };
  } catch (error) {
    return { addresses: [], lookupFault: systemCode(error) ?? String(error) };
  }
}

async function findNeighbours([place]: readonly Place[], port: number): Promise<readonly Neighbour[]> {
  if (place === undefined) return [];
  const found = await Promise.all(
    NEIGHBOURS.filter((other) => other !== port).map(async (other) => ({
      port: other,
      answer: await ask({ ...place, port: other }, '/v2/', true),
    })),
  );
  return found.flatMap(({ port: other, answer }) =>
    answer.kind === 'answer' && isRegistry(answer) ? [{ port: other, answer }] : [],
  );
}

/** Whether an answer to `GET /v2/` is that of a registry (distribution-spec: "Determining Support"). */
export function isRegistry({ status, headers }: Pick<Answer, 'status' | 'headers'>): boolean {
  const isJson = /^application\/(?:[\w.+-]+\+)?json/.test(headers['content-type'] ?? '');
  const isNamed = headers['docker-distribution-api-version'] !== undefined;
  return isNamed || (status === 401 && headers['www-authenticate'] !== undefined && isJson);
}
