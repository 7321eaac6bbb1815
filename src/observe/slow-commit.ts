import type { Logger } from '../lib/logger.ts';
import type { Exchange } from './exchange.ts';

const LONG_MS = 20_000;

/**
 * Warns if the registry commits a layer so slowly that clients are about to give up: containerd, and clients built on
 * it, wait 30 s for an answer after the last byte, and that can't be configured.
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
