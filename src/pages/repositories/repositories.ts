import type { PageRoutes } from '../request/page-request.ts';
import { showList } from './list/show-list.ts';
import { removeRoutes, type RemoveOptions } from './remove/remove-routes.ts';
import { showRepository } from './tags/show-repository.ts';
import { showUntagged, type ListUntagged } from './untagged/show-untagged.ts';

export interface RepositoriesOptions extends RemoveOptions {
  readonly untagged: ListUntagged;
}

/** The repositories that somebody may see, each with its tags, and the removal of tags. */
export function repositoriesRoutes(options: RepositoriesOptions): PageRoutes {
  const { see, untagged } = options;
  return {
    repositories: { get: (request) => showList(request, see(request)) },
    repository: { get: (request) => showRepository(request, see(request)) },
    untagged: { get: (request) => showUntagged(request, see(request), untagged) },
    ...removeRoutes(options),
  };
}
