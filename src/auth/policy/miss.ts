import type { Action } from '../../oci/request/parse.ts';

/** Why a rule that names the principal and the repository does not allow the action. */
export type Miss =
  | { readonly kind: 'excluded'; readonly pattern: string }
  | { readonly kind: 'actions'; readonly allow: readonly Action[] }
  | { readonly kind: 'networks'; readonly networks: readonly string[] };

/** Renders a miss so that it continues the place of the rule as a sentence: `allows only pull`. */
export function renderMiss(miss: Miss): string {
  switch (miss.kind) {
    case 'excluded':
      return `takes it out with !${miss.pattern}`;
    case 'actions':
      return `allows only ${miss.allow.join(' and ')}`;
    case 'networks':
      return `is only for clients in ${miss.networks.join(', ')}`;
  }
}
