import type { Query } from './query.ts';
import type { RegistryMethod, Route } from './route.ts';

/** The right that a request needs on a repository (distribution's token scope, "actions"). */
export type Action = 'pull' | 'push' | 'delete';

/** A parsed request to the registry API. Immutable; only `parseRegistryRequest` creates it. */
export interface RegistryRequest {
  readonly method: RegistryMethod;
  readonly route: Route;
  readonly query: Query;
  /**
   * The right that is needed on the repository of the route. Undefined for the base route and the catalog, which name
   * none.
   */
  readonly action: Action | undefined;
  /** A blob to mount from another repository (distribution-spec end-11). Needs pull there. */
  readonly mount: { readonly digest: string; readonly from: string } | undefined;
  /** The path and query that are forwarded to the backend, serialised from the parsed values. */
  readonly target: string;
}
