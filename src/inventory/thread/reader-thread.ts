import { workerData } from 'node:worker_threads';
import { isDamage } from '../database/database.ts';
import { openToRead, type OpenedFile } from '../database/open.ts';
import type {
  InventoryStatus,
  Page,
  PageQuery,
  RepositoriesPage,
  RepositoryRow,
  Space,
  SpaceOfRepository,
  TagRow,
  TagsQuery,
  UntaggedManifest,
} from '../inventory.ts';
import { readRepositories, readRepository, type PlainRepositoriesQuery } from '../read/repositories.ts';
import { readAlone, readShares } from '../read/shares.ts';
import { readSpace, readSpaceOf, type PlainSpaceQuery } from '../read/space.ts';
import { ABSENT, readNames, readStatus, type Names } from '../read/status.ts';
import { readTags } from '../read/tags.ts';
import { readNeeding, readUntagged } from '../read/untagged.ts';
import { sendReport, serveCalls } from '../../lib/threads/serve.ts';

/** What the thread is started with. */
export interface ReaderData {
  readonly path: string;
}

/** Which repositories may be seen: one byte for each id, as of these names. */
export interface Filter {
  readonly version: string;
  readonly visible: Uint8Array;
  /** Whether it will do where names have been added since: of those nothing is told. */
  readonly isLenient: boolean;
}

/** An answer, or what has to be known first: the names have changed. */
export type Filtered<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'names'; readonly names: Names };

interface FilteredQuery<Q> {
  readonly query: Q;
  /** Undefined: everything may be seen. */
  readonly filter: Filter | undefined;
}

/** The functions of the thread. `undefined` in an answer means that there is no file, or that it is damaged. */
export interface ReaderCalls {
  readonly repositories: (
    asked: FilteredQuery<PlainRepositoriesQuery>,
  ) => Filtered<RepositoriesPage> | undefined;
  readonly space: (asked: FilteredQuery<PlainSpaceQuery>) => Filtered<Space> | undefined;
  readonly repository: (name: string) => RepositoryRow | undefined;
  readonly tags: (query: TagsQuery) => Page<TagRow> | undefined;
  readonly spaceOf: (asked: {
    readonly repository: string;
    readonly query: PageQuery;
  }) => SpaceOfRepository | undefined;
  readonly shares: (asked: {
    readonly repository: string;
    readonly digests: readonly string[];
  }) => ReadonlyMap<string, number> | undefined;
  readonly alone: (asked: {
    readonly repository: string;
    readonly tags: readonly string[];
  }) => number | undefined;
  readonly untagged: (repository: string) => readonly UntaggedManifest[] | undefined;
  readonly needing: (asked: {
    readonly repository: string;
    readonly digests: readonly string[];
  }) => ReadonlyMap<string, string> | undefined;
  readonly status: (nothing: undefined) => InventoryStatus;
  readonly [name: string]: (value: never) => unknown;
}

const { path }: ReaderData = workerData;

let opened: OpenedFile | undefined;
/** Of the query under way. */
let visible: Uint8Array = new Uint8Array();

/** The file that has the name now. */
function current(): OpenedFile | undefined {
  if (opened?.isCurrent() === false) {
    opened.database.close();
    opened = undefined;
  }
  if (opened !== undefined) return opened;
  opened = openToRead(path);
  opened?.database.define('is_visible', (id) => visible[id] ?? 0);
  return opened;
}

/** Reads in the file. Undefined if there is none, or if it is damaged, which is reported. */
function reading<T>(read: (file: OpenedFile) => T): T | undefined {
  const file = current();
  if (file === undefined) return undefined;
  try {
    return read(file);
  } catch (error) {
    if (!isDamage(error)) throw error;
    file.database.close();
    opened = undefined;
    sendReport({ level: 'warn', fields: { path }, message: 'the inventory is damaged', isDamage: true });
    return undefined;
  }
}

function filtered<T>(filter: Filter | undefined, read: (file: OpenedFile) => T): Filtered<T> | undefined {
  return reading((file) => {
    const names = filter && newNames(file, filter);
    if (names !== undefined) return { kind: 'names', names };
    visible = filter?.visible ?? new Uint8Array();
    return { kind: 'answer', value: read(file) };
  });
}

/** Ids are never used twice in a file, but those of another file are others. */
function newNames({ database, epoch }: OpenedFile, { version, isLenient }: Filter): Names | undefined {
  return isLenient && version.startsWith(`${epoch}.`) ? undefined : readNames(database, epoch, version);
}

const calls: ReaderCalls = {
  repositories: ({ query, filter }) => filtered(filter, ({ database }) => readRepositories(database, query)),
  space: ({ query, filter }) => filtered(filter, ({ database }) => readSpace(database, query)),
  repository: (name) => reading(({ database }) => readRepository(database, name)),
  tags: (query) => reading(({ database }) => readTags(database, query)),
  spaceOf: ({ repository, query }) => reading(({ database }) => readSpaceOf(database, repository, query)),
  shares: ({ repository, digests }) => reading(({ database }) => readShares(database, repository, digests)),
  alone: ({ repository, tags }) => reading(({ database }) => readAlone(database, repository, tags)),
  untagged: (repository) => reading(({ database }) => readUntagged(database, repository)),
  needing: ({ repository, digests }) => reading(({ database }) => readNeeding(database, repository, digests)),
  status: () => reading(({ database }) => readStatus(database)) ?? ABSENT,
};

serveCalls(calls);
