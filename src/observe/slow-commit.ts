import type { Logger } from '../lib/logger.ts';
import type { Exchange } from './exchange.ts';

const LONG_MS = 20_000;

/**
 * Warns where the registry takes so long over a layer that clients are about to give up: containerd, and what is built
 * on it, waits 30 s for an answer after the last byte, and that cannot be configured.
 */
export function warnOfSlowCommit(
  logger: Logger,
  { request, id, status, millisecondsSinceBody }: Exchange,
): void {
  if (millisecondsSinceBody === undefined || millisecondsSinceBody < LONG_MS) return;
  if (request?.method !== 'PUT' || request.route.kind !== 'upload') return;
  logger.warn(
    { id, status, seconds: Math.round(millisecondsSinceBody / 1000) },
    'the registry took long to keep a layer: its storage is too slow for clients that give up after 30 s (containerd, Docker)',
  );
}
