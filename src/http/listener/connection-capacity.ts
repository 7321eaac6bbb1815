import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { report } from 'node:process';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Connections } from './connections.ts';

interface ConnectionCapacityOptions {
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

/** Keeps a process from running out of descriptors, and logs refused connections. */
export interface ConnectionCapacity {
  /** Whether this process has the descriptors for one more connection. */
  hasRoom(): boolean;
  /** Closes a connection over the descriptors of this process, or over the limits of the gate. */
  refuse(socket: Socket, because: Refusal): void;
  /** How many were refused. */
  refused(): number;
}

type Refusal = 'descriptors' | 'limits';

/** Descriptors of the program itself: log, audit, modules, the line to other processes, followed files, idle connections to the registry. */
const RESERVE = 96;
/** The client's socket, one to the registry or a file of it, and a file of the layer cache or of an upload. */
const PER_CONNECTION = 3;
const LEAST = 8;
const WARN_EVERY_MS = 60_000;
const CURES: Readonly<Record<Refusal, string>> = {
  descriptors:
    'connections were refused: this process may not open more files. Raise its limit (LimitNOFILE= in the unit, ulimit -n in a shell, --ulimit nofile= for a container), or let more --workers serve',
  limits:
    'connections were refused: limits.connections or limits.connectionsPerAddress is reached. Raise it if these were clients of yours',
};

export function createConnectionCapacity({
  connections,
  openFiles,
  logger,
  now,
  ...options
}: ConnectionCapacityOptions): ConnectionCapacity {
  const most = openFiles === undefined ? Infinity : connectionsFor(openFiles);
  warnIfPromised({ ...options, most, logger });
  const next: Record<Refusal, number> = { descriptors: -Infinity, limits: -Infinity };
  let refused = 0;
  const unsaid: Record<Refusal, number> = { descriptors: 0, limits: 0 };
  return {
    hasRoom: () => connections.count() < most,
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

/** Warns at start of a limit that cannot be reached, rather than when it is missed. */
function warnIfPromised({
  limits,
  workers,
  most,
  logger,
}: Pick<ConnectionCapacityOptions, 'limits' | 'workers' | 'logger'> & { readonly most: number }): void {
  if (limits.connections === undefined || limits.connections <= most * workers) return;
  logger.warn(
    { limit: limits.connections, most: most * workers },
    'limits.connections is more than the files that this process may open are good for: raise the limit of the system (LimitNOFILE=, ulimit -n)',
  );
}

/** The client connections that a process with a limit of `openFiles` can serve. */
export function connectionsFor(openFiles: number): number {
  return Math.max(LEAST, Math.floor((openFiles - RESERVE) / PER_CONNECTION));
}

/** The limit on open files of this process (RLIMIT_NOFILE, which Node.js raises to the hard limit); undefined where it is unknown or unlimited. */
export function openFileLimit(): number | undefined {
  const limit = fromProc() ?? fromReport();
  return limit !== undefined && Number.isSafeInteger(limit) && limit > 0 ? limit : undefined;
}

function fromProc(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** For systems without /proc. Takes some milliseconds. */
function fromReport(): number | undefined {
  const { userLimits } = report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
  };
  return Number(userLimits?.open_files?.soft);
}
