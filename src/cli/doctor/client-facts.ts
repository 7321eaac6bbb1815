import { examineClient, chainIn, type ClientFacts } from '../../doctor/examine/client.ts';
import type { Check } from '../../doctor/check.ts';
import type { Here } from '../../doctor/checks/route.ts';
import { tryAccount, type AccountFacts } from '../../doctor/facts/account.ts';
import { findAuthority, isAnchor, type Authority } from '../../doctor/facts/authority.ts';
import { askNetwork } from '../../doctor/facts/network.ts';
import { findProxies } from '../../doctor/facts/proxies.ts';
import { readStore, type StoreFacts } from '../../doctor/facts/stores.ts';
import type { Target } from '../../doctor/target.ts';
import { openRegistry } from '../../images/client/open-registry.ts';
import type { FindCredential } from '../../images/credentials/credential.ts';
import { readAuthorityFile } from '../../pki/trust/authority-source.ts';
import type { TrustClient } from '../../pki/trust/clients.ts';
import { findInsecureEntry } from '../../pki/trust/stores/engines/docker.ts';
import type { ClientMachine } from '../../pki/trust/stores/store.ts';

/** What the user and the configuration say of a registry and its clients. */
export interface ClientRequest {
  readonly target: Target;
  readonly here: Here;
  readonly clients: readonly TrustClient[];
  readonly machine: ClientMachine;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** PEM of the CA of the gate here, where that is the one that is asked. */
  readonly ownAuthority: string | undefined;
  /** The file of `--ca`. */
  readonly authorityFile: string | undefined;
  readonly fingerprint: string | undefined;
  readonly findCredential: FindCredential;
  /** Where a tiny image is pushed to. Undefined where none is to be. */
  readonly repository: string | undefined;
  readonly signal: AbortSignal;
}

/** What has to be in order before a password is sent. */
const BEFORE_SIGN_IN = ['name', 'dns', 'port', 'answer', 'chain', 'names'];

/** Learns all that concerns a client. Sends a password only where the certificate is verified. */
export async function readClient(request: ClientRequest): Promise<ClientFacts> {
  const { target, here, machine, env, clients } = request;
  const network = await askNetwork(target.host, target.port);
  const { endpoint } = target;
  const { authority, stores } = await readTrust(request, network);
  const hasDocker = clients.includes('docker') && endpoint !== undefined;
  const facts: ClientFacts = {
    target,
    here,
    now: new Date(),
    network,
    authority,
    stores,
    proxies: await findProxies({ root: machine.root, home: machine.home, env }),
    insecure: hasDocker ? { entry: await findInsecureEntry(machine, endpoint) } : undefined,
    account: undefined,
    noAccount: '',
  };
  return { ...facts, ...(await readAccount(request, facts)) };
}

type TrustPart = Pick<ClientFacts, 'authority' | 'stores'>;

/** Finds the CA, then looks for it in the stores; what they have proves in turn that it is the right one. */
async function readTrust(request: ClientRequest, network: ClientFacts['network']): Promise<TrustPart> {
  const { target, machine, env, clients, authorityFile, fingerprint, ownAuthority } = request;
  const { endpoint } = target;
  if (endpoint === undefined) return { authority: undefined, stores: [] };
  const download = network.authority?.kind === 'answer' ? network.authority : undefined;
  const givenAuthority = authorityFile === undefined ? undefined : await readAuthorityFile(authorityFile);
  const find = (stores: readonly StoreFacts[]): Authority | undefined =>
    findAuthority(chainIn(network), download, {
      ownAuthority,
      givenAuthority,
      fingerprint,
      trusted: stores.flatMap(({ trusted }) => trusted.map(({ certificate }) => certificate)),
    });
  const context = { endpoint, machine, env, authority: find([])?.pem ?? '' };
  const stores = await Promise.all(clients.map((client) => readStore(client, context)));
  const authority = find(stores);
  return { authority: authority && withFile(authority, authorityFile), stores };
}

function withFile(authority: Authority, path: string | undefined): Authority {
  return authority.source === 'file' && path !== undefined ? { ...authority, path } : authority;
}

type AccountPart = Pick<ClientFacts, 'account' | 'noAccount'>;

async function readAccount(request: ClientRequest, facts: ClientFacts): Promise<AccountPart> {
  const blocking = examineClient(facts).find((check) => isBlocking(check));
  if (blocking !== undefined)
    return { account: undefined, noAccount: `not before ${blocking.what} is cured` };
  const authorities = trustedPems(facts.stores, facts);
  const isPublic = facts.authority === undefined;
  if (authorities.length === 0 && !isPublic) {
    return { account: undefined, noAccount: 'not before the CA of the server is trusted' };
  }
  return { account: await tryWith(request, authorities), noAccount: '' };
}

function isBlocking({ id, verdict }: Check): boolean {
  return verdict === 'wrong' && BEFORE_SIGN_IN.includes(id);
}

/** What is known to be the right CA: by a trust store, the configuration or the command line. */
function trustedPems(stores: readonly StoreFacts[], { authority, network }: ClientFacts): readonly string[] {
  const chain = chainIn(network);
  const stored = stores
    .flatMap(({ trusted }) => trusted)
    .filter(({ certificate }) => isAnchor(certificate, chain))
    .map(({ certificate }) => certificate.toString());
  return [...new Set([...stored, ...(authority?.isProven === true ? [authority.pem] : [])])];
}

async function tryWith(
  { target, findCredential, repository, signal }: ClientRequest,
  authorities: readonly string[],
): Promise<AccountFacts> {
  const credential = await findCredential(target.registry, repository ?? '');
  const registry = openRegistry({
    name: target.registry,
    credential: async () => credential,
    trust: async () => ({ authorities }),
    pauses: { attempts: 2 },
    signal,
  });
  try {
    return await tryAccount({ registry, credential, repository });
  } finally {
    await registry.close();
  }
}
