import { AppError } from '../../lib/errors.ts';
import type { Repository } from '../store.ts';
import { isRemoved } from './is-removed.ts';
import type { RemovedManifest } from './order.ts';
import type { RemovalPlan, TagPlan } from './plan.ts';
import { prepareRemoval, type PreparedRemoval } from './prepare.ts';
import { stillPlanned } from './still-planned.ts';

/** What became of one step of a plan. */
export interface StepResult {
  /** A tag that goes alone, or a manifest with its tags. */
  readonly kind: 'tag' | 'manifest';
  readonly digest: string;
  readonly tags: readonly string[];
  /**
   * `changed`: the tag was moved, or something needs the image now, so that it was left. `unsupported`: the registry
   * does not do it. `skipped`: what has to go before did not, or the work ended early.
   */
  readonly outcome: 'removed' | 'changed' | 'unsupported' | 'failed' | 'skipped';
  /** Why it failed. */
  readonly error: AppError | undefined;
}

export interface ExecuteOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: (result: StepResult) => void;
  /** Removes a tag alone where the registry does not. */
  readonly untag?: (tag: string) => Promise<'deleted' | 'missing' | 'unsupported'>;
}

/**
 * Carries out a plan. The repository is read again first, and a step is taken only if it would be planned again; right
 * before a deletion, its tags are compared once more. Never throws for a step: what was done is in the result.
 */
export async function executeRemoval(
  repository: Repository,
  prepared: PreparedRemoval,
  options: ExecuteOptions = {},
): Promise<readonly StepResult[]> {
  const { signal, onStep } = options;
  const { manifests: known } = prepared.contents;
  const now = await prepareRemoval(repository, withoutMissing(prepared), { known, signal });
  const { plan, changed } = stillPlanned(prepared.plan, now.plan);
  const results: StepResult[] = [];
  const note = (result: StepResult): void => {
    results.push(result);
    onStep?.(result);
  };
  for (const step of changed) note({ ...step, outcome: 'changed', error: undefined });
  const executor = new Executor(repository, options);
  for (const step of stepsOf(plan)) note(await executor.take(step));
  return results;
}

/** The same request, of which nothing may be missing: what is gone by now needs no error. */
function withoutMissing({ request, plan }: PreparedRemoval): PreparedRemoval['request'] {
  const planned = new Set(plan.manifests.map(({ digest }) => digest));
  return { ...request, digests: request.digests.filter((digest) => planned.has(digest)) };
}

type Step = Pick<StepResult, 'kind' | 'digest' | 'tags'> & Pick<RemovedManifest, 'after'>;

function stepsOf({ tags, manifests }: Pick<RemovalPlan, 'tags' | 'manifests'>): readonly Step[] {
  const alone = tags.filter(({ action }) => action === 'untag');
  return [
    ...alone.map(({ tag, digest }: TagPlan): Step => ({ kind: 'tag', digest, tags: [tag], after: [] })),
    ...manifests.map(({ digest, tags: names, after }): Step => ({
      kind: 'manifest',
      digest,
      tags: names,
      after,
    })),
  ];
}

class Executor {
  readonly #repository: Repository;
  readonly #options: ExecuteOptions;
  /** Manifests that are still there. */
  readonly #left = new Set<string>();
  #ended = false;
  #deletesNothing = false;

  constructor(repository: Repository, options: ExecuteOptions) {
    this.#repository = repository;
    this.#options = options;
  }

  async take(step: Step): Promise<StepResult> {
    const result = await this.#outcome(step);
    if (step.kind === 'manifest' && result.outcome !== 'removed') this.#left.add(step.digest);
    const { kind, digest, tags } = step;
    return { kind, digest, tags, ...result };
  }

  async #outcome(step: Step): Promise<Pick<StepResult, 'outcome' | 'error'>> {
    const error = undefined;
    if (this.#options.signal?.aborted === true) this.#ended = true;
    if (this.#ended || step.after.some((digest) => this.#left.has(digest)))
      return { outcome: 'skipped', error };
    if (step.kind === 'manifest' && this.#deletesNothing) return { outcome: 'unsupported', error };
    try {
      return { outcome: await this.#remove(step), error };
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      // One image may be protected; a registry that does not answer fails for all.
      this.#ended = thrown.code !== 'REGISTRY_REFUSED';
      return { outcome: 'failed', error: thrown };
    }
  }

  async #remove({ kind, digest, tags }: Step): Promise<StepResult['outcome']> {
    for (const tag of tags) {
      const found = await this.#repository.findManifest(tag);
      if (found !== undefined && found.digest.text !== digest) return 'changed';
    }
    const [tag = ''] = tags;
    const answer = kind === 'tag' ? await this.#untag(tag) : await this.#repository.deleteManifest(digest);
    if (await isRemoved(this.#repository, kind === 'tag' ? tag : digest, answer)) return 'removed';
    if (kind === 'manifest') this.#deletesNothing = true;
    return 'unsupported';
  }

  #untag(tag: string): Promise<'deleted' | 'missing' | 'unsupported'> {
    const { untag = (name) => this.#repository.deleteManifest(name) } = this.#options;
    return untag(tag);
  }
}
