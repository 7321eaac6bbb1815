import type { Logger } from '../../lib/logger.ts';
import type { Notice } from '../inventory.ts';
import type { RefreshRequest } from '../follow/refresh.ts';
import type { Report } from '../thread/calls.ts';
import type { KeeperCalls, KeeperData } from '../thread/keeper-thread.ts';
import { Thread } from '../thread/thread.ts';
import { programUrl } from './program-url.ts';

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
}

/** Its heap, in MiB. What it reads at once is bounded: tags of a repository, a config, a few manifests. */
const HEAP_MIB = 256;

/** Starts the one writer of the file, in a thread of its own, which reads the registry too. */
export function startKeeper({
  logger,
  pauses = 1,
  ...data
}: KeeperOptions): Keeper & { close(): Promise<void> } {
  const thread = new Thread<KeeperCalls>({
    name: 'inventory-keeper',
    url: programUrl('keeper-thread'),
    data: { ...data, pauses } satisfies KeeperData,
    onReport: (report) => logReport(logger, report),
    heapMiB: HEAP_MIB,
  });
  thread.tell('note', []);
  return {
    note: (notices) => thread.tell('note', notices),
    refresh: (request) => thread.call('refresh', request),
    close: () => thread.close('close'),
  };
}

export function logReport(logger: Logger, { level, fields, message }: Report): void {
  logger[level](fields, message);
}
