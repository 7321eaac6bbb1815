import { renderQuery } from './query.ts';
import type { RegistryRequest } from './request.ts';
import { renderRoute } from './route.ts';

/** The same request without `mount` and `from`: the registry opens an upload (202) as if nothing had been offered (distribution-spec end-11). */
export function withoutMount(request: RegistryRequest): RegistryRequest {
  const pairs = request.query.pairs.filter(({ key }) => key !== 'mount' && key !== 'from');
  const query = {
    pairs,
    get: (key: string): string | undefined => pairs.find((pair) => pair.key === key)?.value,
  };
  return { ...request, query, mount: undefined, target: renderRoute(request.route) + renderQuery(query) };
}
