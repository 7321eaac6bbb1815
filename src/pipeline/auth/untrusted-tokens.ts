import { createExpiringMap } from '../../lib/expiring-map.ts';
import type { Logger } from '../../lib/logger.ts';
import { plainAddress } from '../../lib/network.ts';
import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';
import type { Challenge } from './challenge.ts';
import { contextOf } from '../../http/context.ts';

interface UntrustedTokensOptions {
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** To the other workers: each may see one of the three signs. */
  readonly bus: Pick<Bus, 'publish' | 'handle'>;
}

/**
 * Recognises clients that trust the certificate for the registry but not for its token service, and don't report it:
 * engines with the containerd image store look for the CA of `/token` only in the system's trust store (moby#52361). The
 * signs are, from one address: a HEAD that is answered with a Bearer challenge, no request for a token after it, and a
 * handshake that ends because the certificate is not trusted. Logged once a day for each address.
 */
export interface UntrustedTokens {
  /** Wraps a challenge, to note a Bearer challenge that answers a HEAD. */
  noting(challenge: Challenge): Challenge;
  /** Notes a request for a token. */
  asked(address: string): void;
  /** Notes a handshake that ended because the client does not trust the certificate. */
  refused(address: string): void;
}

const MAX_BYTES = 256 * 1024;
const TOGETHER_MS = 2 * 60_000;
const SAID_MS = 24 * 60 * 60_000;
const ADVICE =
  'a client trusts this certificate for images and not for tokens: it was sent to /token, and ended the handshake there. Docker with the containerd image store shows nothing of it, not even an end. On that client: registry-gate certs trust --for system HOST, then restart its engine';

const ASKED = createTopic('an address asked for a token', isText, isNothing);
const REFUSED = createTopic('an address did not trust the certificate', isText, isNothing);

/** Keeps two maps of addresses, bounded in bytes. A request costs one comparison. */
export function watchUntrustedTokens({ logger, now, bus }: UntrustedTokensOptions): UntrustedTokens {
  const bounds = { maxBytes: MAX_BYTES, now };
  const challenged = createExpiringMap<true>({ ...bounds, ttl: TOGETHER_MS });
  const said = createExpiringMap<true>({ ...bounds, ttl: SAID_MS });

  const noteAsked = (address: string): void => challenged.delete(address);
  const noteRefused = (address: string): void => {
    if (challenged.get(address) === undefined || said.get(address) !== undefined) return;
    said.set(address, true);
    logger.warn({ address }, ADVICE);
  };
  bus.handle(ASKED, noteAsked);
  bus.handle(REFUSED, noteRefused);

  return {
    noting: (challenge) => (req, details) => {
      const headers = challenge(req, details);
      const isBearer = headers['WWW-Authenticate']?.startsWith('Bearer') === true;
      if (isBearer && req.method === 'HEAD') challenged.set(contextOf(req).address, true);
      return headers;
    },
    asked: (address) => {
      noteAsked(address);
      bus.publish(ASKED, address);
    },
    refused: (given) => {
      const address = plainAddress(given);
      noteRefused(address);
      bus.publish(REFUSED, address);
    },
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
