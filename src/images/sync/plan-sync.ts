import { concurrentForEach } from '../../lib/concurrent-for-each.ts';
import { AppError } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { planCopy, type CopyPlan } from '../copy/plan/plan-copy.ts';
import type { Platform } from '../model/platform.ts';
import { isReferrerTag } from '../tags/referrer-tags.ts';
import type { Registry, Repository } from '../store.ts';
import { chooseTags } from './choose-tags.ts';
import { lacksReferrers } from './lacks-referrers.ts';
import type { SyncRule } from './sync-rule.ts';

/** What is to become of one tag. */
export interface SyncItem {
  readonly rule: SyncRule;
  readonly tag: string;
  /**
   * `copy`: the target does not have it. `move`: its tag names another image. `refer`: the image is there, not all that
   * refers to it. `prune`: only the target has the tag. `fail`: it could not be compared.
   */
  readonly state: 'same' | 'copy' | 'move' | 'refer' | 'prune' | 'fail';
  /** In the source. */
  readonly digest: string | undefined;
  /** In the target. */
  readonly before: string | undefined;
  readonly error: AppError | undefined;
}

export interface SyncPlan {
  readonly items: readonly SyncItem[];
  /** Rules whose repository could not be read: nothing of them is done. */
  readonly failures: readonly { readonly rule: SyncRule; readonly error: AppError }[];
  /** Tags of the sources that no rule takes. */
  readonly skipped: number;
}

export interface SyncContext {
  readonly source: Registry;
  readonly target: Registry;
  readonly rules: readonly SyncRule[];
  /** The platform of this machine's containers, as copies want to know it. */
  readonly host: Platform;
  readonly signal?: AbortSignal | undefined;
}

/** Compares the sources with the targets. Changes nothing. */
export async function planSync(context: SyncContext): Promise<SyncPlan> {
  const items: SyncItem[] = [];
  const failures: { rule: SyncRule; error: AppError }[] = [];
  let skipped = 0;
  for (const rule of context.rules) {
    context.signal?.throwIfAborted();
    try {
      const all = await listAll(context.source.repository(rule.source));
      const tags = chooseTags(all, rule);
      skipped += all.length - tags.length;
      items.push(...(await compareTags({ ...context, all: new Set(all) }, rule, tags)));
    } catch (error) {
      context.signal?.throwIfAborted();
      if (!(error instanceof AppError)) throw error;
      failures.push({ rule, error });
    }
  }
  const decided = refuseConflicts(items);
  return { items: [...decided, ...(await findPrunes(context, decided, failures))], failures, skipped };
}

/** Refuses tags that several rules would write with different images: the last one would win by chance. */
function refuseConflicts(items: readonly SyncItem[]): readonly SyncItem[] {
  const placeOf = ({ rule, tag }: SyncItem): string => `${rule.target}:${tag}`;
  const writers = Map.groupBy(items, placeOf);
  return items.map((item) => {
    const others = writers.get(placeOf(item)) ?? [];
    if (others.every(({ digest }) => digest === item.digest)) return item;
    const error = new AppError('CONFIG_INVALID', {
      message: `${others.map(({ rule, tag }) => `${rule.source}:${tag}`).join(' and ')} are both to become ${placeOf(item)}.`,
      hint: 'Give one of the repositories another "to", or fewer tags.',
    });
    return { ...item, state: 'fail', error };
  });
}

/** `all`: the tags of the source. */
type Comparison = SyncContext & { readonly all: ReadonlySet<string> };

async function compareTags(
  context: Comparison,
  rule: SyncRule,
  tags: readonly string[],
): Promise<readonly SyncItem[]> {
  const items = new Map<string, SyncItem>();
  await concurrentForEach(tags, async (tag) => {
    context.signal?.throwIfAborted();
    const item = await compareTag(context, rule, tag);
    if (item !== undefined) items.set(tag, item);
  });
  return tags.flatMap((tag) => items.get(tag) ?? []);
}

/** Undefined if the source has lost the tag meanwhile. */
async function compareTag(context: Comparison, rule: SyncRule, tag: string): Promise<SyncItem | undefined> {
  const source = context.source.repository(rule.source);
  const target = context.target.repository(rule.target);
  try {
    const found = await source.findManifest(tag);
    if (found === undefined) return undefined;
    const there = await target.findManifest(tag);
    const base = { rule, tag, digest: found.digest.text, before: there?.digest.text, error: undefined };
    if (there === undefined) return { ...base, state: 'copy' };
    return {
      ...base,
      state: await compareDigests(context, rule, { found: found.digest, there: there.digest }),
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { rule, tag, state: 'fail', digest: undefined, before: undefined, error };
  }
}

async function compareDigests(
  context: Comparison,
  rule: SyncRule,
  { found, there }: { readonly found: Digest; readonly there: Digest },
): Promise<'move' | 'same' | 'refer'> {
  const part = rule.platforms.length === 0 ? undefined : await planOf(context, rule, found);
  if (there.text !== (part?.root.stored.digest ?? found).text) return 'move';
  if (!rule.referrers) return 'same';
  const plan = part ?? (await planOf(context, rule, found));
  const target = context.target.repository(rule.target);
  return (await lacksReferrers(plan, target, context.all)) ? 'refer' : 'same';
}

/** Returns what a copy would bring: with some platforms alone it is an image or index of another digest. */
function planOf(context: SyncContext, rule: SyncRule, digest: Digest): Promise<CopyPlan> {
  const { platforms } = rule;
  return planCopy({
    source: context.source.repository(rule.source),
    reference: digest.text,
    target: context.target.repository(rule.target),
    names: [],
    choice: platforms.length === 0 ? { kind: 'all' } : { kind: 'platforms', platforms },
    host: context.host,
  });
}

/**
 * Finds tags that only the target has, where a rule prunes. Not where something could not be read, nor where the rules
 * take nothing: a mistake must not empty a repository.
 */
async function findPrunes(
  context: SyncContext,
  items: readonly SyncItem[],
  failures: readonly { readonly rule: SyncRule }[],
): Promise<readonly SyncItem[]> {
  const failed = new Set([
    ...failures.map(({ rule }) => rule.target),
    ...items.flatMap(({ state, rule }) => (state === 'fail' ? [rule.target] : [])),
  ]);
  const prunes: SyncItem[] = [];
  for (const [target, rules] of Map.groupBy(context.rules, (rule) => rule.target)) {
    const taken = new Set(items.flatMap((item) => (item.rule.target === target ? [item.tag] : [])));
    const isSafe = !failed.has(target) && taken.size > 0 && !isSource(context, target);
    const [rule] = rules;
    if (rule === undefined || !isSafe || !rules.every(({ prune }) => prune)) continue;
    prunes.push(...(await listOthers(context.target.repository(target), rule, taken)));
  }
  return prunes;
}

async function listOthers(
  repository: Repository,
  rule: SyncRule,
  taken: ReadonlySet<string>,
): Promise<readonly SyncItem[]> {
  const others: SyncItem[] = [];
  for (const tag of await listAll(repository).catch(noneOfUnknown)) {
    if (taken.has(tag) || isReferrerTag(tag)) continue;
    const before = (await repository.findManifest(tag))?.digest.text;
    others.push({ rule, tag, state: 'prune', digest: undefined, before, error: undefined });
  }
  return others;
}

/** Whether a repository is a source as well: what is not taken of it is no copy of anything. */
function isSource({ source, target, rules }: SyncContext, repository: string): boolean {
  return source.name === target.name && rules.some((rule) => rule.source === repository);
}

/** A repository that is not there yet has no tags. */
function noneOfUnknown(error: unknown): readonly string[] {
  if (error instanceof AppError && error.code === 'IMAGE_UNKNOWN') return [];
  throw error;
}

async function listAll(repository: Repository): Promise<readonly string[]> {
  const tags: string[] = [];
  for await (const tag of repository.listTags()) tags.push(tag);
  return tags;
}
