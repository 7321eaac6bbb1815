import { threadProgram } from '../../lib/threads/start-thread.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Notice } from '../inventory.ts';
import type { RefreshRequest } from '../follow/refresh.ts';
import type { Report } from '../../lib/threads/calls.ts';
import type { KeeperCalls, KeeperData } from '../thread/keeper-thread.ts';
import { Thread } from '../../lib/threads/thread.ts';

/** Who keeps the file: it is told what happens, and asked to look. */
export interface Keeper {
  note(notices: readonly Notice[]): void;
  /** Resolves when the registry has answered. Rejects where it has not, or the thread has ended. */
  refresh(request: RefreshRequest): Promise<void>;
}

interface KeeperOptions extends Omit<KeeperData, 'pauses'> {
  readonly logger: Logger;
  /** A factor for all pauses between requests. Default: 1. */
  readonly pauses?: number;
  /** How long it waits before it begins, if nobody looks at a page before, in milliseconds. Default: 10,000. */
  readonly delayMs?: number;
}

/** Its heap, in MiB. What it reads at once is bounded: tags of a repository, a config, a few manifests. */
const HEAP_MIB = 256;
/** A gate that starts has something else to do. */
const DELAY_MS = 10_000;
/** As many notices wait for the beginning. */
const MOST_EARLY = 1000;

/** Starts the one writer of the file, in a thread of its own, which reads the registry too. */
export function startKeeper(options: KeeperOptions): Keeper & { close(): Promise<void> } {
  const { logger, pauses = 1, delayMs = DELAY_MS, ...data } = options;
  const thread = new Thread<KeeperCalls>({
    name: 'inventory-keeper',
    url: threadProgram('../thread/keeper-thread', import.meta.url),
    data: { ...data, pauses } satisfies KeeperData,
    onReport: (report) => logReport(logger, report),
    heapMiB: HEAP_MIB,
  });
  let early: Notice[] | undefined = [];
  const begin = (): void => {
    clearTimeout(timer);
    if (early !== undefined) thread.tell('note', early);
    early = undefined;
  };
  const timer = setTimeout(begin, delayMs).unref();
  return {
    note: (notices) => {
      if (early === undefined) thread.tell('note', notices);
      else if (early.push(...notices) > MOST_EARLY || notices.some(isWanted)) begin();
    },
    refresh: (request) => {
      begin();
      return thread.call('refresh', request);
    },
    close: async () => {
      clearTimeout(timer);
      await thread.close('close');
    },
  };
}

function isWanted({ kind }: Notice): boolean {
  return kind === 'wanted';
}

export function logReport(logger: Logger, { level, fields, message }: Report): void {
  logger[level](fields, message);
}
