import { renderQuery, type RegistryRequest } from './parse.ts';
import { renderRoute, type Route } from './route.ts';

/** Returns the same request for the upload session of this name. */
export function withUpload(
  request: RegistryRequest,
  { kind, repository }: Extract<Route, { readonly kind: 'upload' }>,
  upload: string,
): RegistryRequest {
  const route = { kind, repository, upload } as const;
  return { ...request, route, target: renderRoute(route) + renderQuery(request.query) };
}
