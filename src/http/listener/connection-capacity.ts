import type { Socket } from 'node:net';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Connections } from './connections.ts';
import { connectionsFor } from './descriptors.ts';

export interface RoomOptions {
  readonly limits: Pick<Config['limits'], 'connections'>;
  readonly connections: Pick<Connections, 'count'>;
  /** How many files this process may have open; undefined where that is unlimited or unknown. */
  readonly openFiles: number | undefined;
  /** How many processes serve. */
  readonly workers: number;
  readonly logger: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Keeps a process from running out of descriptors, and says when connections are refused. */
export interface Room {
  /** Whether this process can serve one more connection. It costs no question to anybody. */
  hasPlace(): boolean;
  /** Ends a connection for which there is no place in this process, or none within the limits of the gate. */
  refuse(socket: Socket, because: Refusal): void;
  /** How many were refused. */
  refused(): number;
}

export type Refusal = 'descriptors' | 'limits';

const WARN_EVERY_MS = 60_000;
const CURES: Readonly<Record<Refusal, string>> = {
  descriptors:
    'connections were refused: this process may not open more files. Raise its limit (LimitNOFILE= in the unit, ulimit -n in a shell, --ulimit nofile= for a container), or let more --workers serve',
  limits:
    'connections were refused: limits.connections or limits.connectionsPerAddress is reached. Raise it if these were clients of yours',
};

export function createRoom({ connections, openFiles, logger, now, ...options }: RoomOptions): Room {
  const most = openFiles === undefined ? Infinity : connectionsFor(openFiles);
  warnIfPromised({ ...options, most, logger });
  const next: Record<Refusal, number> = { descriptors: -Infinity, limits: -Infinity };
  let refused = 0;
  const unsaid: Record<Refusal, number> = { descriptors: 0, limits: 0 };
  return {
    hasPlace: () => connections.count() < most,
    refuse: (socket, because) => {
      socket.destroy();
      refused += 1;
      unsaid[because] += 1;
      if (now() < next[because]) return;
      next[because] = now() + WARN_EVERY_MS;
      const fields = because === 'descriptors' ? { most, openFiles } : {};
      logger.warn({ open: connections.count(), refused: unsaid[because], ...fields }, CURES[because]);
      unsaid[because] = 0;
    },
    refused: () => refused,
  };
}

/** A limit that is set and cannot be reached is said at the start, and not when it is missed. */
function warnIfPromised({
  limits,
  workers,
  most,
  logger,
}: Pick<RoomOptions, 'limits' | 'workers' | 'logger'> & { readonly most: number }): void {
  if (limits.connections === undefined || limits.connections <= most * workers) return;
  logger.warn(
    { limit: limits.connections, most: most * workers },
    'limits.connections is more than the files that this process may open are good for: raise the limit of the system (LimitNOFILE=, ulimit -n)',
  );
}
