import { readdir, stat } from 'node:fs/promises';
import { AppError } from '../lib/errors.ts';
import { ALGORITHMS, parseDigest } from '../registry/digest.ts';
import type { Digest } from '../registry/digest.ts';
import { ifAny, isThere } from './durable.ts';
import { inTurn } from './in-turn.ts';
import { referencesOf } from './manifest.ts';
import type { Registry } from './registry.ts';

export interface GcProgress {
  readonly phase: 'mark' | 'sweep' | 'links';
  /** Repositories or blobs that were looked at in this phase. */
  readonly done: number;
}

/** A manifest of a repository. */
export interface Revision {
  readonly repository: string;
  readonly digest: Digest;
}

export interface Marks {
  /** Digests that stay. Grows when new manifests are seen. */
  readonly kept: Set<string>;
  /** `REPOSITORY DIGEST` of every manifest that was looked at. */
  readonly seen: Set<string>;
  /** Manifests that no tag leads to and that are to go. */
  readonly dropped: readonly Revision[];
}

export interface MarkOptions {
  readonly dropUntagged: boolean;
  /** What is younger than this stays, in milliseconds since the epoch. */
  readonly before: number;
  readonly onProgress?: ((progress: GcProgress) => void) | undefined;
}

/** Goes through all repositories and marks what they need. */
export async function markAll(registry: Registry, options: MarkOptions): Promise<Marks> {
  const kept = new Set<string>();
  const seen = new Set<string>();
  const dropped: Revision[] = [];
  let done = 0;
  for await (const repository of registry.catalog.walk()) {
    const revisions = await revisionsOf(registry, repository);
    const staying = options.dropUntagged ? await reachable(registry, revisions, options.before) : revisions;
    const stays = new Set(staying.map(({ digest }) => digest.text));
    dropped.push(...revisions.filter(({ digest }) => !stays.has(digest.text)));
    await inTurn(staying, (revision) => markOne(registry, revision, { kept, seen }));
    done += 1;
    options.onProgress?.({ phase: 'mark', done });
  }
  return { kept, seen, dropped };
}

/** Marks what has come since the last look. */
export async function markNew(registry: Registry, marks: Marks): Promise<void> {
  for await (const repository of registry.catalog.walk()) {
    const fresh = await revisionsOf(registry, repository, (revision) => !marks.seen.has(keyOf(revision)));
    await inTurn(fresh, (revision) => markOne(registry, revision, marks));
  }
}

async function markOne(
  { manifests }: Registry,
  revision: Revision,
  { kept, seen }: Pick<Marks, 'kept' | 'seen'>,
): Promise<void> {
  const { repository, digest } = revision;
  seen.add(keyOf(revision));
  kept.add(digest.text);
  const stored = await manifests.read(digest).catch(() => {
    throw unreadable(repository, digest.text);
  });
  if (stored === undefined) return;
  if (stored.manifest === undefined) throw unreadable(repository, digest.text);
  for (const needed of referencesOf(stored.manifest)) {
    if (kept.has(needed.text)) continue;
    kept.add(needed.text);
    if (stored.manifest.blobs.length === 0) await markChild(manifests, needed, kept);
  }
}

/** A manifest that only an index names: what it needs stays too. */
async function markChild(manifests: Registry['manifests'], child: Digest, kept: Set<string>): Promise<void> {
  const stored = await manifests.read(child).catch(() => undefined);
  if (stored?.manifest === undefined) return;
  for (const needed of referencesOf(stored.manifest)) {
    if (kept.has(needed.text)) continue;
    kept.add(needed.text);
    if (stored.manifest.blobs.length === 0) await markChild(manifests, needed, kept);
  }
}

async function revisionsOf(
  { paths }: Registry,
  repository: string,
  wanted: (revision: Revision) => boolean = () => true,
): Promise<readonly Revision[]> {
  const found: Revision[] = [];
  for (const algorithm of ALGORITHMS) {
    const names = (await ifAny(readdir(paths.revisions(repository, algorithm)))) ?? [];
    await inTurn(names, async (hex) => {
      const digest = parseDigest(`${algorithm}:${hex}`);
      if (digest === undefined || !wanted({ repository, digest })) return;
      if (await isThere(paths.revision(repository, digest))) found.push({ repository, digest });
    });
  }
  return found;
}

/** Those that a tag leads to: itself, through indexes, or as referrers of one that is kept. The young stay in any case. */
async function reachable(
  registry: Registry,
  revisions: readonly Revision[],
  before: number,
): Promise<readonly Revision[]> {
  const kept = new Set<string>();
  const [first] = revisions;
  if (first === undefined) return [];
  const { repository } = first;
  const waiting: string[] = [];
  await inTurn((await registry.tags.list(repository)) ?? [], async (tag) => {
    const digest = await registry.tags.resolve(repository, tag);
    if (digest !== undefined) waiting.push(digest.text);
  });
  const leadsTo = new Map<string, string[]>();
  await inTurn(revisions, async ({ digest }) => {
    const written = await ifAny(stat(registry.paths.revision(repository, digest)));
    if (written !== undefined && written.mtimeMs >= before) waiting.push(digest.text);
    await learn(registry, { repository, digest }, leadsTo);
  });
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    if (kept.has(text)) continue;
    kept.add(text);
    waiting.push(...(leadsTo.get(text) ?? []));
  }
  return revisions.filter(({ digest }) => kept.has(digest.text));
}

async function learn(
  { manifests }: Registry,
  { repository, digest }: Revision,
  leadsTo: Map<string, string[]>,
): Promise<void> {
  const stored = await manifests.read(digest).catch(() => {
    throw unreadable(repository, digest.text);
  });
  const manifest = stored?.manifest;
  if (manifest === undefined) return;
  const add = (from: string, to: string): void => void leadsTo.set(from, [...(leadsTo.get(from) ?? []), to]);
  for (const needed of manifest.optional) add(digest.text, needed.text);
  if (manifest.subject !== undefined) add(manifest.subject.text, digest.text);
}

function keyOf({ repository, digest }: Revision): string {
  return `${repository} ${digest.text}`;
}

/** A manifest whose bytes are there and say nothing. */
function unreadable(repository: string, text: string): AppError {
  return new AppError('FILE_UNREADABLE', {
    message: `The manifest ${text} of ${repository} can't be read, so that nobody knows which blobs it needs. Nothing was removed.`,
    hint: 'Push that image again, or delete this manifest, then start again.',
  });
}
