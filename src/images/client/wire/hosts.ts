import type { Trust } from '../../trust/trust.ts';
import { createConnections, type Connections } from './connections.ts';
import { socketOpener } from './open-socket.ts';
import type { Extent, Secure } from './secure.ts';
import { WireError } from './wire-error.ts';

interface HostsOptions {
  /** The origin of the registry. The client certificate is for it alone, and so is the socket. */
  readonly own: string;
  readonly socketPath: string | undefined;
  readonly trust: () => Promise<Trust>;
  readonly connectMs: number;
}

/** The connections to each host. */
export interface Hosts {
  of(url: URL): Connections | Promise<Connections>;
  /**
   * Says that one of these connections did not trust its host. Returns whether those that `of` returns from now on may: they
   * trust the system's certificates too.
   */
  trustMore(refused: Connections): boolean;
  close(): void;
}

const MOST_CONNECTIONS = 32;
/** Hosts at one time: the registry, object stores, and where tokens are issued. */
const MOST_HOSTS = 32;

/**
 * Keeps connections to some hosts. The one that was asked longest ago is forgotten when there are too many.
 *
 * A host is first asked by what was said to be trusted, alone, if anything was: most registries with a CA of their own are
 * trusted by that one, and to read those of the system and of Node.js takes longer than many a command.
 */
export function createHosts({ own, socketPath, trust, connectMs }: HostsOptions): Hosts {
  const known = createKnown();
  const narrow = new Set<Connections>();
  let extent: Extent = 'said';
  const secureFor = lazySecure(trust);
  const open = (url: URL, secure: Secure | undefined): Connections => {
    const isOwn = url.origin === own;
    const opener = socketOpener(url, {
      connectMs,
      secure,
      socketPath: isOwn ? socketPath : undefined,
    });
    const opened = createConnections(opener, MOST_CONNECTIONS, () => performance.now());
    narrow.delete(known.add(url.origin, opened) ?? opened);
    if (secure?.extent === 'said') narrow.add(opened);
    return opened;
  };
  const connect = async (url: URL): Promise<Connections> => {
    const whose = url.origin === own ? 'own' : 'others';
    const secure = url.protocol === 'https:' ? await secureFor(whose, extent) : undefined;
    return known.find(url.origin) ?? open(url, secure);
  };
  return {
    of: (url) => known.find(url.origin) ?? connect(url),
    trustMore(refused) {
      if (!narrow.has(refused)) return false;
      extent = 'all';
      // What is under way on others of them goes on.
      known.remove(refused);
      return true;
    },
    close() {
      for (const connections of [...known.all(), ...narrow]) connections.close();
    },
  };
}

interface Known {
  /** The connections to a host, which is the last one to be forgotten from then on. */
  find(origin: string): Connections | undefined;
  /** Adds those to a host. Returns those that were closed for them, if there were too many hosts. */
  add(origin: string, connections: Connections): Connections | undefined;
  remove(connections: Connections): void;
  all(): Iterable<Connections>;
}

function createKnown(): Known {
  const known = new Map<string, Connections>();
  const makeRoom = (): Connections | undefined => {
    if (known.size < MOST_HOSTS) return undefined;
    const [origin, oldest] = [...known].find(([, { isBusy }]) => !isBusy) ?? [];
    if (origin === undefined) throw new WireError('ERR_TOO_MANY_HOSTS', 'it sends us to too many hosts');
    oldest?.close();
    known.delete(origin);
    return oldest;
  };
  return {
    find(origin) {
      const connections = known.get(origin);
      if (connections === undefined || known.size === 1) return connections;
      known.delete(origin);
      known.set(origin, connections);
      return connections;
    },
    add(origin, connections) {
      const closed = makeRoom();
      known.set(origin, connections);
      return closed;
    },
    remove(connections) {
      for (const [origin, those] of known) if (those === connections) known.delete(origin);
    },
    all: () => known.values(),
  };
}

type Whose = 'own' | 'others';

/** Reads the trust stores before the first TLS connection that needs them, and once for all. */
function lazySecure(trust: () => Promise<Trust>): (whose: Whose, extent: Extent) => Promise<Secure> {
  let trusted: Promise<Trust> | undefined;
  const made = new Map<string, Promise<Secure>>();
  const make = async (whose: Whose, extent: Extent): Promise<Secure> => {
    const [{ secureBy }, said] = await Promise.all([import('./secure.ts'), (trusted ??= trust())]);
    return secureBy(said, whose === 'own', extent);
  };
  return (whose, extent) => {
    const key = `${whose} ${extent}`;
    const secure = made.get(key) ?? make(whose, extent);
    made.set(key, secure);
    return secure;
  };
}
