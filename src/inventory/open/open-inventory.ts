import { threadProgram } from '../../lib/threads/start-thread.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Inventory, Page, RepositoriesPage, Space, SpaceOfRepository, Visible } from '../inventory.ts';
import type { Filter, Filtered, ReaderCalls, ReaderData } from '../thread/reader-thread.ts';
import { Thread } from '../../lib/threads/thread.ts';
import { createEventBuffer } from './event-buffer.ts';
import { logReport, type Keeper } from './keeper.ts';
import { Visibility } from './visibility.ts';

interface InventoryOptions {
  /** The file. There may be none yet. */
  readonly path: string;
  /** Of this process, or of another one of the same gate. */
  readonly keeper: Keeper;
  readonly logger: Logger;
}

/** Its heap, in MiB. */
const HEAP_MIB = 128;
const WITHIN_MS = 50;
/** How often the keeper is told that somebody looks, in milliseconds. */
const WANTED_MS = 2000;
/** How often one tries to know all names: while an inventory is built, there are new ones all the time. */
const MOST_TRIES = 2;

const EMPTY: Page<never> = { rows: [], next: undefined, total: 0 };
const NO_REPOSITORIES: RepositoriesPage = { ...EMPTY, folders: [] };
const NO_SPACE: Space = { ...EMPTY, size: 0, shared: 0 };
const NO_TAGS: SpaceOfRepository = { ...EMPTY, size: 0, shared: 0 };
/** Opens the inventory for reading, in a thread that starts with the first question. */
export function openInventory({ path, keeper, logger }: InventoryOptions): Inventory {
  const reader = new Thread<ReaderCalls>({
    name: 'inventory-reader',
    url: threadProgram('../thread/reader-thread', import.meta.url),
    data: { path } satisfies ReaderData,
    onReport: (report) => {
      logReport(logger, report);
      if (report.isDamage === true) keeper.note([{ kind: 'damaged' }]);
    },
    heapMiB: HEAP_MIB,
  });
  const events = createEventBuffer((noted) => keeper.note(noted));
  const visibility = new Visibility();
  const noteLook = createLooks(keeper);
  const seen = <T>(visible: Visible, ask: AskFiltered<T>): Promise<T | undefined> => {
    noteLook();
    return askVisible({ visibility, visible, ask });
  };
  return {
    prepare: () => reader.tell('status', undefined),
    repositories: async ({ visible, ...rest }) => {
      const query = { ...rest, isFiltered: visible !== undefined };
      return (
        (await seen(visible, (filter) => reader.call('repositories', { query, filter }))) ?? NO_REPOSITORIES
      );
    },
    repository: (name) => reader.call('repository', name),
    tags: async (query) => (await reader.call('tags', query)) ?? EMPTY,
    layerShares: async (repository, digests) =>
      (await reader.call('shares', { repository, digests })) ?? new Map<string, number>(),
    untagged: async (repository) => (await reader.call('untagged', repository)) ?? [],
    needing: async (repository, digests) =>
      (await reader.call('needing', { repository, digests })) ?? new Map<string, string>(),
    aloneOf: async (repository, tags) => (await reader.call('alone', { repository, tags })) ?? 0,
    space: async ({ visible, ...rest }) => {
      const query = { ...rest, isFiltered: visible !== undefined };
      return (await seen(visible, (filter) => reader.call('space', { query, filter }))) ?? NO_SPACE;
    },
    spaceOf: async (repository, query) => (await reader.call('spaceOf', { repository, query })) ?? NO_TAGS,
    refresh: (repository, page, withinMs = WITHIN_MS) =>
      atMost(withinMs, keeper.refresh({ repository, page })),
    note: (event) => events.add(event),
    status: () => reader.call('status', undefined),
    close: async () => {
      events.close();
      await reader.close();
    },
  };
}

/** Returns a function that tells the keeper that somebody looks: one that waits for a quiet moment begins then. */
function createLooks(keeper: Keeper): () => void {
  let toldAt = -WANTED_MS;
  return () => {
    const now = performance.now();
    if (now - toldAt < WANTED_MS) return;
    toldAt = now;
    keeper.note([{ kind: 'wanted' }]);
  };
}

type AskFiltered<T> = (filter: Filter | undefined) => Promise<Filtered<T> | undefined>;

interface VisibleQuestion<T> {
  readonly visibility: Visibility;
  readonly visible: Visible;
  readonly ask: AskFiltered<T>;
}

/** Asks with what may be seen of the names that are known here, and again where there are others by now. */
async function askVisible<T>({ visibility, visible, ask }: VisibleQuestion<T>): Promise<T | undefined> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask(await visibility.filter(visible, tries >= MOST_TRIES));
    if (answer === undefined) return undefined;
    if (answer.kind === 'answer') return answer.value;
    visibility.learn(answer.names);
  }
}

/** Waits for work, but not longer than this. What it fails with is said by who does it. */
async function atMost(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
