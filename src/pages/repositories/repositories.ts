import type { PageRoutes } from '../request/page-request.ts';
import { showList } from './list/show-list.ts';
import { removeRoutes, type RemoveOptions } from './remove/remove-routes.ts';
import { showRepository } from './tags/show-repository.ts';

/** The repositories that somebody may see, each with its tags, and the removal of tags. */
export function repositoriesRoutes(options: RemoveOptions): PageRoutes {
  const { see } = options;
  return {
    repositories: { get: (request) => showList(request, see(request)) },
    repository: { get: (request) => showRepository(request, see(request)) },
    ...removeRoutes(options),
  };
}
