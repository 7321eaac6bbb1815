import { AppError } from '../../../lib/errors.ts';
import { isTag, parseImageName } from '../../name/image-name.ts';
import type { Session } from '../session/session.ts';
import { LISTS, pulls } from '../sign-in/access.ts';
import type { Answer } from '../wire/answer.ts';
import { problemOf } from '../wire/problem.ts';
import { readPages } from './pages.ts';

/** How many entries a page is asked for. Registries send fewer if they like. */
const AT_ONCE = 1000;

/** Lists the tags of a repository. Entries that are no tags are skipped. Throws AppError IMAGE_UNKNOWN, REGISTRY_REFUSED. */
export async function* listTags(session: Session, repository: string): AsyncIterable<string> {
  const pages = readPages(session, {
    path: `/v2/${repository}/tags/list?n=${AT_ONCE}`,
    need: pulls(repository),
    what: `list the tags of ${repository}`,
    onRefusal: async (answer) => (answer.status === 404 ? unknown(answer, session, repository) : undefined),
  });
  for await (const { tags } of pages)
    if (Array.isArray(tags)) for (const tag of tags) if (typeof tag === 'string' && isTag(tag)) yield tag;
}

/** Lists the repositories of a registry. Entries that are no names are skipped. Throws AppError REGISTRY_REFUSED. */
export async function* listRepositories(session: Session): AsyncIterable<string> {
  const pages = readPages(session, {
    path: `/v2/_catalog?n=${AT_ONCE}`,
    need: LISTS,
    what: 'list its repositories',
    onRefusal: async (answer) =>
      [401, 403, 404, 405].includes(answer.status) ? noCatalog(answer, session) : undefined,
  });
  for await (const { repositories } of pages)
    if (Array.isArray(repositories)) for (const name of repositories) if (isRepository(name)) yield name;
}

function isRepository(name: unknown): name is string {
  if (typeof name !== 'string') return false;
  try {
    return parseImageName(`registry.invalid/${name}`).repository === name;
  } catch {
    return false;
  }
}

async function unknown(answer: Answer, { registry }: Session, repository: string): Promise<AppError> {
  return new AppError('IMAGE_UNKNOWN', {
    message: `${registry} has no repository ${repository}, or hides it (${await problemOf(answer)}).`,
    hint: `List what is there: registry-gate images list ${registry}`,
  });
}

async function noCatalog(answer: Answer, { registry }: Session): Promise<AppError> {
  return new AppError('REGISTRY_REFUSED', {
    message: `${registry} has no catalog, or keeps it from you (${await problemOf(answer)}).`,
    hint: `Name a repository: registry-gate images tags ${registry}/NAME. Many public registries have no catalog; where there is one, it may be for administrators.`,
  });
}
