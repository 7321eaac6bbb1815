import { randomUUID } from 'node:crypto';
import type { StepResult } from '../../../images/remove/execute.ts';
import { isRemoved } from '../../../images/remove/is-removed.ts';
import { removeTagByOverwriting } from '../../../images/remove/overwrite-tag.ts';
import { shortDigest } from '../../../images/remove/select.ts';
import type { Repository } from '../../../images/store.ts';
import { AppError } from '../../../lib/errors.ts';
import type { Asked, RemoveContext } from './asked.ts';
import { sentence, type RemoveResult } from './results.ts';

interface Named {
  readonly registry: string;
  readonly repository: Repository;
  readonly tag: string;
  readonly digest: string;
}

interface TagsRemoved {
  readonly results: readonly RemoveResult[];
  /** What needs a plan: digests, selections, and tags that can't be removed alone. */
  readonly left: readonly Asked[];
}

/**
 * Removes the tags that are named, each alone. Nothing is removed if one of them is not there. Throws AppError
 * IMAGE_UNKNOWN.
 */
export async function removeTags(context: RemoveContext, asked: readonly Asked[]): Promise<TagsRemoved> {
  const { terminal, options, signal } = context;
  const named: Named[] = [];
  for (const one of asked) named.push(...(await findTags(context, one)));
  const results: RemoveResult[] = [];
  const tied: Named[] = [];
  for (const one of named) {
    signal.throwIfAborted();
    if (options.dryRun === true) {
      if (options.json !== true)
        terminal.err(
          `Would remove ${nameOf(one)}: its image ${shortDigest(one.digest)} stays, if the registry removes tags alone.\n`,
        );
      continue;
    }
    const outcome = await removeAlone(context, one);
    if (outcome === 'unsupported') {
      tied.push(one);
      continue;
    }
    const result = resultOf(one, outcome);
    results.push(result);
    if (options.json !== true) terminal.err(sentence(result));
  }
  return { results, left: asked.flatMap((one) => leftOf(context, one, tied)) };
}

async function findTags({ connections }: RemoveContext, asked: Asked): Promise<readonly Named[]> {
  const { registry } = asked;
  const repository = connections.registry(registry).repository(asked.repository);
  const named: Named[] = [];
  for (const { tag, digest } of asked.tags) {
    const found = await repository.findManifest(tag);
    if (found === undefined) throw unknownTag(`${repository.label}:${tag}`, repository.label);
    if (digest !== undefined && found.digest.text !== digest)
      throw movedTag(`${repository.label}:${tag}`, found.digest.text);
    named.push({ registry, repository, tag, digest: found.digest.text });
  }
  return named;
}

async function removeAlone(
  { options }: RemoveContext,
  { repository, tag, digest }: Named,
): Promise<StepResult['outcome']> {
  const found = await repository.findManifest(tag);
  if (found !== undefined && found.digest.text !== digest) return 'changed';
  const answer = await repository.deleteManifest(tag);
  if (await isRemoved(repository, tag, answer)) return 'removed';
  if (options.overwrite !== true) return 'unsupported';
  const forced = await removeTagByOverwriting(repository, tag, randomUUID);
  return forced === 'deleted' ? 'removed' : 'unsupported';
}

function resultOf(
  { registry, repository, tag, digest }: Named,
  outcome: StepResult['outcome'],
): RemoveResult {
  const { repository: name } = repository.origin;
  return { registry, repository: name, kind: 'tag', digest, tags: [tag], outcome, error: undefined };
}

/**
 * A tag that can't be removed alone takes its image along, as if that were named by digest: a person is asked, with all
 * its tags before the eyes. With `--yes` nobody is, so that only what has no other tag goes.
 */
function leftOf(
  { terminal, options }: RemoveContext,
  asked: Asked,
  tied: readonly Named[],
): readonly Asked[] {
  const own = tied.filter(
    ({ registry, repository }) =>
      registry === asked.registry && repository.origin.repository === asked.repository,
  );
  if (own.length > 0)
    terminal.err(
      `${asked.registry} removes no tag alone: an image goes with all its tags. (--overwrite removes the tag alone.)\n`,
    );
  const isAsked = options.yes !== true;
  const tags = isAsked ? [] : own.map(({ tag, digest }) => ({ tag, digest }));
  const digests = [...new Set([...asked.digests, ...(isAsked ? own.map(({ digest }) => digest) : [])])];
  const isNothing = digests.length === 0 && tags.length === 0 && !asked.isSelected;
  return isNothing ? [] : [{ ...asked, tags, digests }];
}

function nameOf({ repository, tag }: Named): string {
  return `${repository.label}:${tag}`;
}

function unknownTag(image: string, repository: string): AppError {
  return new AppError('IMAGE_UNKNOWN', {
    message: `There is no image ${image}. Nothing was removed.`,
    hint: `See the tags: registry-gate images tags ${repository}`,
  });
}

function movedTag(image: string, digest: string): AppError {
  return new AppError('IMAGE_UNKNOWN', {
    message: `${image} is another image: ${digest}. Nothing was removed.`,
    hint: `To remove the tag whatever it names: registry-gate images remove ${image}`,
  });
}
