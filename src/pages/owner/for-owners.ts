import { PageError } from '../request/page-error.ts';
import { isHandler, type PageHandler, type PageRoutes } from '../request/page-request.ts';

/** Refuses everybody but the owners of the gate. */
export function forOwners(routes: PageRoutes): PageRoutes {
  return Object.fromEntries(
    Object.entries(routes).map(([kind, { get, post }]) => [
      kind,
      { ...(get && { get: guarded(get) }), ...(post && { post: guarded(post) }) },
    ]),
  );
}

function guarded(handler: unknown): PageHandler {
  if (!isHandler(handler)) throw new TypeError('a route without a handler');
  return (request) => {
    if (!request.isOwner) throw new PageError('forbidden');
    return handler(request);
  };
}
