import { asRoot, fine, skipped, wrong, type Check } from '../check.ts';
import { isRegistry, type NetworkFacts } from '../facts/network.ts';
import type { Target } from '../target.ts';

const DNS = { id: 'dns', what: 'address' } as const;
const PORT = { id: 'port', what: 'port' } as const;

/** Where this process runs. */
export interface Here {
  readonly isRoot: boolean;
  /** Whether the gate of the configuration here is the one that is asked. */
  readonly isServer: boolean;
  /** How one signs in by the first of the clients: `docker login`. */
  readonly login: string;
}

/** Whether the name leads somewhere, and whether somebody listens there. */
export function checkRoute(target: Target, network: NetworkFacts, here: Here): readonly Check[] {
  return [checkAddresses(target, network, here), checkPort(target, network, here)];
}

function checkAddresses({ host }: Target, { reached, lookupFault }: NetworkFacts, here: Here): Check {
  if (lookupFault !== undefined) {
    const address = here.isServer ? '127.0.0.1' : 'ADDRESS';
    const line = `echo "${address} ${host}" | ${asRoot('tee -a /etc/hosts', here.isRoot)}`;
    const reason = lookupFault === 'EAI_AGAIN' ? 'the name server does not answer' : 'its name is unknown';
    return wrong(
      DNS,
      `${host} leads to no address: ${reason} (${lookupFault}). Add it to the DNS, or to the hosts of this machine`,
      line,
    );
  }
  const addresses = reached.map(({ address }) => address);
  return fine(DNS, addresses[0] === host ? `${host} is an address` : `${host} is ${addresses.join(', ')}`);
}

function checkPort({ host, port, registry }: Target, network: NetworkFacts, here: Here): Check {
  const { reached, neighbours } = network;
  if (reached.length === 0) return skipped(PORT, 'there is no address to connect to');
  const closed = reached.filter(({ fault }) => fault !== undefined);
  const list = closed.map(({ address, fault }) => `${address} (${fault?.code ?? ''})`).join(', ');
  const open = reached.find(({ fault }) => fault === undefined);
  if (closed.length === 0) return fine(PORT, `${port} is open`);
  if (open !== undefined) {
    const line = `echo "${open.address} ${host}" | ${asRoot('tee -a /etc/hosts', here.isRoot)}`;
    return wrong(
      PORT,
      `${port} is open at ${open.address}, and not at ${list}: clients that try that first wait or fail. Remove it from the DNS, or`,
      line,
    );
  }
  const neighbour = neighbours.find(({ answer }) => isRegistry(answer));
  if (neighbour !== undefined) {
    const better = `${registry.replace(/:\d+$/, '')}${neighbour.port === 443 ? '' : `:${neighbour.port}`}`;
    return wrong(
      PORT,
      `nobody listens on ${port}, and a registry answers on ${neighbour.port}: use ${better}`,
      `${here.login} ${better}`,
    );
  }
  return wrong(PORT, closedWords(list, here), startCure(here, closed[0]?.fault?.code));
}

function closedWords(list: string, { isServer }: Here): string {
  const where = isServer
    ? 'Start the gate'
    : 'On the server, see whether the gate runs and whether a firewall is in the way';
  return `no connection to ${list}. ${where}`;
}

function startCure({ isServer }: Here, code: string | undefined): string {
  if (isServer) return 'registry-gate serve';
  return code === 'ETIMEDOUT' ? 'sudo nft list ruleset' : 'registry-gate health';
}
