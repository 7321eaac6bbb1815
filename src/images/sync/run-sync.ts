import { AppError } from '../../lib/errors.ts';
import { copyImage } from '../copy/copy-image.ts';
import { createCopySession, type CopySession } from '../copy/request/copy-session.ts';
import { executeRemoval } from '../remove/execute.ts';
import { prepareRemoval } from '../remove/prepare.ts';
import type { Repository } from '../store.ts';
import type { SyncContext, SyncItem, SyncPlan } from './plan-sync.ts';

/** What became of one tag. */
export interface SyncResult {
  readonly item: SyncItem;
  /** `left`: it was not tried. */
  readonly outcome: 'same' | 'copied' | 'moved' | 'pruned' | 'failed' | 'left';
  readonly error: AppError | undefined;
  /** Bytes that were transferred. */
  readonly copied: number;
}

export interface RunOptions {
  /** How many images at once. */
  readonly images: number;
  /** How many blobs at once, of all images together. */
  readonly blobs: number;
  readonly onResult?: (result: SyncResult) => void;
}

/** So many images in a row that fail since a registry does not answer end the run. */
const MOST_UNREACHABLE = 3;

/**
 * Carries out a plan. What fails does not stop the rest. An image is copied by the digest that was planned, and gets its
 * tag last. Tags are pruned only where nothing failed.
 */
export async function runSync(
  context: SyncContext,
  plan: SyncPlan,
  options: RunOptions,
): Promise<readonly SyncResult[]> {
  const results: SyncResult[] = [];
  const note = (result: SyncResult): void => {
    results.push(result);
    options.onResult?.(result);
  };
  const runner = new Runner(context, createCopySession(options.blobs), note);
  const waiting = plan.items.filter(({ state }) => state !== 'prune').values();
  const lanes = Array.from({ length: options.images }, () => runner.work(waiting));
  const ended = await Promise.allSettled(lanes);
  for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
  const prunes = plan.items.filter(({ state }) => state === 'prune');
  for (const [target, items] of Map.groupBy(prunes, ({ rule }) => rule.target)) {
    const hasFailed = results.some(
      ({ item, outcome }) => item.rule.target === target && ['failed', 'left'].includes(outcome),
    );
    if (hasFailed) for (const item of items) note({ item, outcome: 'left', error: undefined, copied: 0 });
    else for (const result of await prune(context, target, items)) note(result);
  }
  return results;
}

class Runner {
  readonly #context: SyncContext;
  readonly #session: CopySession;
  readonly #note: (result: SyncResult) => void;
  #unreachable = 0;

  constructor(context: SyncContext, session: CopySession, note: (result: SyncResult) => void) {
    this.#context = context;
    this.#session = session;
    this.#note = note;
  }

  async work(items: Iterator<SyncItem>): Promise<void> {
    for (let next = items.next(); next.done !== true; next = items.next()) {
      const item = next.value;
      if (item.state === 'same') this.#note({ item, outcome: 'same', error: undefined, copied: 0 });
      else if (item.state === 'fail') this.#note({ item, outcome: 'failed', error: item.error, copied: 0 });
      else if (this.#isEnded()) this.#note({ item, outcome: 'left', error: undefined, copied: 0 });
      else this.#note(await this.#copy(item));
    }
  }

  #isEnded(): boolean {
    return this.#context.signal?.aborted === true || this.#unreachable >= MOST_UNREACHABLE;
  }

  async #copy(item: SyncItem): Promise<SyncResult> {
    const { rule, tag, digest = tag } = item;
    const { source, target, host, signal } = this.#context;
    const { platforms } = rule;
    try {
      const { copied } = await copyImage({
        source: source.repository(rule.source),
        reference: digest,
        target: target.repository(rule.target),
        names: [tag],
        choice: platforms.length === 0 ? { kind: 'all' } : { kind: 'platforms', platforms },
        host,
        referrers: rule.referrers,
        session: this.#session,
        ...(signal === undefined ? {} : { signal }),
      });
      this.#unreachable = 0;
      return { item, outcome: item.state === 'move' ? 'moved' : 'copied', error: undefined, copied };
    } catch (error) {
      if (signal?.aborted === true) return { item, outcome: 'left', error: undefined, copied: 0 };
      if (!(error instanceof AppError)) throw error;
      this.#unreachable = error.code === 'REGISTRY_UNREACHABLE' ? this.#unreachable + 1 : 0;
      return { item, outcome: 'failed', error, copied: 0 };
    }
  }
}

/** Returns the tags that still name what they named when the plan was made. The others have no step, and are left. */
async function unmoved(repository: Repository, items: readonly SyncItem[]): Promise<ReadonlySet<string>> {
  const tags = new Set<string>();
  for (const { tag, before } of items)
    if ((await repository.findManifest(tag))?.digest.text === before) tags.add(tag);
  return tags;
}

/** Removes tags from the target, with their images if nothing else needs these. */
async function prune(
  context: SyncContext,
  target: string,
  items: readonly SyncItem[],
): Promise<readonly SyncResult[]> {
  const { signal } = context;
  const repository = context.target.repository(target);
  const request = { selection: undefined, digests: [], keepReferrers: false, now: 0 };
  const resultOf = (item: SyncItem, outcome: SyncResult['outcome'], error?: AppError): SyncResult => ({
    item,
    outcome,
    error,
    copied: 0,
  });
  try {
    const tags = await unmoved(repository, items);
    const prepared = await prepareRemoval(repository, { ...request, tags }, { signal });
    const steps = await executeRemoval(repository, prepared, { signal });
    const done = new Map(steps.flatMap((step) => step.tags.map((tag) => [tag, step])));
    return items.map((item) => {
      const step = done.get(item.tag);
      if (step === undefined || step.outcome === 'changed') return resultOf(item, 'left');
      return step.outcome === 'removed' ? resultOf(item, 'pruned') : resultOf(item, 'failed', step.error);
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return items.map((item) => resultOf(item, signal?.aborted === true ? 'left' : 'failed', error));
  }
}
