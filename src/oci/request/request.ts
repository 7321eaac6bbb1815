import type { Query } from './query.ts';
import type { RegistryMethod, Route } from './route.ts';

/** What a request needs on a repository (distribution's token scope, "actions"). */
export type Action = 'pull' | 'push' | 'delete';

/** What is asked, in the registry's own words. Read-only; made by `parseRegistryRequest` alone. */
export interface RegistryRequest {
  readonly method: RegistryMethod;
  readonly route: Route;
  readonly query: Query;
  /** What the asker needs, on the repository of the route. Undefined for the base route and the catalog, which name none. */
  readonly action: Action | undefined;
  /** A blob that is to be taken over from another repository (distribution-spec end-11). Needs pull there. */
  readonly mount: { readonly digest: string; readonly from: string } | undefined;
  /** The one form in which this request goes to the backend: path and query, re-serialised from what was parsed. */
  readonly target: string;
}
