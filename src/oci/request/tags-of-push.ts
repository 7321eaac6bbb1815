import type { RegistryRequest } from './parse.ts';
import { isTag } from './route.ts';

/** Returns the tags that a push of a manifest by its digest names in the query (distribution-spec: "Pushing Manifests with Tags"). */
export function tagsInQuery({ query }: Pick<RegistryRequest, 'query'>): readonly string[] {
  return query.pairs.filter(({ key, value }) => key === 'tag' && isTag(value)).map(({ value }) => value);
}
