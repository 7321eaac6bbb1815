import { AppError } from '../../lib/errors.ts';
import type { Repository } from '../store.ts';
import type { Contents, KnownManifest } from './contents.ts';
import { planRemoval, type RemovalPlan } from './plan.ts';
import { addReferrers, readContents } from './read-contents.ts';
import { isCandidate, needsTimes, selectTags, type Selection, type Verdict } from './select.ts';

/** What somebody wants to be removed of a repository. */
export interface RemovalRequest {
  /** Undefined if digests alone are named. */
  readonly selection: Selection | undefined;
  /** Tags that go, in place of a selection. */
  readonly tags?: ReadonlySet<string>;
  /** Images that go with all their tags. */
  readonly digests: readonly string[];
  readonly keepReferrers: boolean;
  /** In milliseconds since 1970. */
  readonly now: number;
}

interface PrepareOptions {
  readonly known?: ReadonlyMap<string, KnownManifest>;
  readonly signal?: AbortSignal | undefined;
  /** The most names of blobs and manifests that are held. Default: as many as a process of its own has memory for. */
  readonly mostNames?: number;
  readonly onTags?: (count: number) => void;
}

export interface PreparedRemoval {
  readonly request: RemovalRequest;
  readonly contents: Contents;
  readonly plan: RemovalPlan;
}

/** Reads a repository and plans what is removed. Changes nothing. Throws AppError IMAGE_UNKNOWN for a digest that is not there. */
export async function prepareRemoval(
  repository: Repository,
  request: RemovalRequest,
  options: PrepareOptions = {},
): Promise<PreparedRemoval> {
  const { selection, digests, keepReferrers, now } = request;
  const wantsTime = (tag: string): boolean =>
    selection !== undefined && needsTimes(selection) && isCandidate(selection, tag);
  const tagged = await readContents(repository, { ...options, wantsTime, digests });
  const missing = digests.find((digest) => !tagged.manifests.has(digest));
  if (missing !== undefined) throw unknownImage(repository.label, missing);
  const plan = (contents: Contents): RemovalPlan =>
    planRemoval(contents, {
      verdicts: selection === undefined ? namedTags(request) : selectTags(contents, selection, now),
      digests: new Set(digests),
      keepReferrers,
    });
  const first = plan(tagged);
  const going = first.manifests.map(({ digest }) => digest);
  const contents = await addReferrers(repository, tagged, going, options.mostNames);
  const isSame = contents.manifests.size === tagged.manifests.size;
  return { request, contents, plan: isSame ? first : plan(contents) };
}

function namedTags({ tags = new Set() }: RemovalRequest): ReadonlyMap<string, Verdict> {
  return new Map(Array.from(tags, (tag) => [tag, { goes: true, reason: 'named' }]));
}

function unknownImage(label: string, digest: string): AppError {
  return new AppError('IMAGE_UNKNOWN', {
    message: `${label} has no image ${digest}.`,
    hint: `It may be removed already. What it has: registry-gate images tags ${label}`,
  });
}
