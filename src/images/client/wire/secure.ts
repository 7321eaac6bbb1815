import { connect, createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import type { Trust } from '../../trust/trust.ts';

// What needs TLS of Node.js is in this file, which is loaded for the first host that is asked by it.

/** What was said to be trusted, or that beside all that the system and Node.js trust. */
export type Extent = 'said' | 'all';

/** How to connect to a host by TLS. */
export interface Secure {
  readonly context: SecureContext;
  readonly extent: Extent;
  readonly connect: typeof connect;
}

/** Chooses whom connections trust. `isOwn`: to the registry itself, which alone is shown the certificate of the client. */
export function secureBy(trusted: Trust, isOwn: boolean, wanted: Extent): Secure {
  const { authorities } = trusted;
  const extent = authorities.length === 0 ? 'all' : wanted;
  const client = isOwn ? trusted.client : undefined;
  const identity = client === undefined ? {} : { cert: client.certificate, key: client.key };
  const ca = extent === 'said' ? [...authorities] : allAuthorities(authorities);
  return { context: createSecureContext({ ca, ...identity }), extent, connect };
}

/** All CA certificates to trust, each once. */
function allAuthorities(said: readonly string[]): string[] {
  return [...new Set([...said, ...getCACertificates('default'), ...getCACertificates('system')])];
}
