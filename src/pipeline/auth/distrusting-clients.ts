import { createTopic, isNothing, type Bus } from '../../cluster/bus.ts';
import { createExpiringMap } from '../../lib/expiring-map.ts';
import type { Logger } from '../../lib/logger.ts';
import { networkOf, plainAddress } from '../../lib/network.ts';
import { watchUntrustedTokens, type UntrustedTokens } from './untrusted-tokens.ts';

interface DistrustOptions {
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** To the other workers, each of which may see connections of one client. */
  readonly bus: Pick<Bus, 'publish' | 'handle'>;
}

const MAX_BYTES = 256 * 1024;
const SAID_MS = 24 * 60 * 60_000;
/** Strangers with many addresses write no more than this into the log. */
const EVERY_MS = 5000;

const SAID = createTopic('a network was told of that does not trust the certificate', isText, isNothing);

/**
 * Writes into the log that a client does not accept the certificate, and what to type there: once a day for each client,
 * which is an IPv4 address or an IPv6 /64. Returns what notes a handshake that ended so, with the alert as OpenSSL names
 * it.
 */
export function watchDistrust({
  logger,
  now,
  bus,
}: DistrustOptions): (address: string, alert: string) => void {
  const said = createExpiringMap<true>({ maxBytes: MAX_BYTES, ttl: SAID_MS, now });
  let next = -Infinity;
  bus.handle(SAID, (network) => said.set(network, true));

  return (given, alert) => {
    const address = plainAddress(given);
    const network = networkOf(address);
    if (said.get(network) !== undefined || now() < next) return;
    next = now() + EVERY_MS;
    said.set(network, true);
    bus.publish(SAID, network);
    logger.warn({ address, error: alert }, adviceFor(alert));
  };
}

/** Both watches over handshakes that end because of the certificate. */
export function watchTrust(
  options: DistrustOptions,
): Omit<UntrustedTokens, 'refused'> & { refused(address: string, alert: string): void } {
  const tokens = watchUntrustedTokens(options);
  const tell = watchDistrust(options);
  return {
    ...tokens,
    refused: (address, alert) => {
      tokens.refused(address);
      tell(address, alert);
    },
  };
}

/** OpenSSL and GnuTLS say `unknown_ca` for a CA that they do not trust. Go says `bad_certificate` whatever is wrong (RFC 8446 section 6.2). */
function adviceFor(alert: string): string {
  const cause = alert.includes('UNKNOWN_CA')
    ? 'does not trust the CA of this certificate'
    : 'does not accept this certificate: it does not trust its CA, or calls the gate by a name that the certificate lacks';
  return `a client ${cause}. On that client, to find out which and what cures it: registry-gate doctor HOST`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
