import { createSecureContext, type SecureContext } from 'node:tls';
import { allAuthorities, type Trust } from '../../trust/trust.ts';
import { createConnections, type Connections } from './connections.ts';
import { socketOpener } from './open-socket.ts';
import { WireError } from './wire-error.ts';

interface HostsOptions {
  /** The origin of the registry. The client certificate is for it alone, and so is the socket. */
  readonly own: string;
  readonly socketPath: string | undefined;
  readonly trust: () => Promise<Trust>;
  readonly connectMs: number;
}

/** The connections to each host. */
interface Hosts {
  of(url: URL): Connections | Promise<Connections>;
  close(): void;
}

const MOST_CONNECTIONS = 32;
/** Hosts at one time: the registry, object stores, and where tokens are issued. */
const MOST_HOSTS = 32;

/** Keeps connections to some hosts. The one that was asked longest ago is forgotten when there are too many. */
export function createHosts({ own, socketPath, trust, connectMs }: HostsOptions): Hosts {
  const known = new Map<string, Connections>();
  const contexts = lazyContexts(trust);
  const makeRoom = (): void => {
    if (known.size < MOST_HOSTS) return;
    const [origin, oldest] = [...known].find(([, { isBusy }]) => !isBusy) ?? [];
    if (origin === undefined) throw new WireError('ERR_TOO_MANY_HOSTS', 'it sends us to too many hosts');
    oldest?.close();
    known.delete(origin);
  };
  const open = (url: URL, secureContext: SecureContext | undefined): Connections => {
    makeRoom();
    const isOwn = url.origin === own;
    const opener = socketOpener(url, {
      connectMs,
      secureContext,
      socketPath: isOwn ? socketPath : undefined,
    });
    return createConnections(opener, MOST_CONNECTIONS, () => performance.now());
  };
  const connect = async (url: URL): Promise<Connections> => {
    const whose = url.origin === own ? 'own' : 'others';
    const secureContext = url.protocol === 'https:' ? await contexts(whose) : undefined;
    const connections = known.get(url.origin) ?? open(url, secureContext);
    known.set(url.origin, connections);
    return connections;
  };
  return {
    of(url) {
      const { origin } = url;
      const connections = known.get(origin);
      if (connections === undefined) return connect(url);
      if (known.size > 1) {
        known.delete(origin);
        known.set(origin, connections);
      }
      return connections;
    },
    close() {
      for (const connections of known.values()) connections.close();
    },
  };
}

/** Reads the trust stores before the first TLS connection only, and once for all of them. */
function lazyContexts(trust: () => Promise<Trust>): (whose: 'own' | 'others') => Promise<SecureContext> {
  let trusted: Promise<Trust> | undefined;
  const made = new Map<'own' | 'others', Promise<SecureContext>>();
  return (whose) => {
    trusted ??= trust();
    const context = made.get(whose) ?? trusted.then((it) => contextOf(it, whose === 'own'));
    made.set(whose, context);
    return context;
  };
}

function contextOf(trusted: Trust, isOwn: boolean): SecureContext {
  const client = isOwn ? trusted.client : undefined;
  const identity = client === undefined ? {} : { cert: client.certificate, key: client.key };
  return createSecureContext({ ca: allAuthorities(trusted), ...identity });
}
