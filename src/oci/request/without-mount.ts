import { renderQuery, withoutKeys, type RegistryRequest } from './parse.ts';
import { renderRoute } from './route.ts';

/**
 * Returns the same request without `mount` and `from`: the registry begins an upload (202) as if none had been offered
 * (distribution-spec end-11).
 */
export function withoutMount(request: RegistryRequest): RegistryRequest {
  const query = withoutKeys(request.query, ['mount', 'from']);
  return { ...request, query, mount: undefined, target: renderRoute(request.route) + renderQuery(query) };
}
