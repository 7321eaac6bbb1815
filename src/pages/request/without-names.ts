import type { Inventory } from '../../inventory/inventory.ts';

type Known =
  | 'repositories'
  | 'repository'
  | 'tags'
  | 'layerShares'
  | 'untagged'
  | 'needing'
  | 'aloneOf'
  | 'spaceOf'
  | 'refresh';
type Row = { readonly pushedBy: string | undefined };

const anonymous = <R extends Row>(row: R): R => ({ ...row, pushedBy: undefined });

/** The inventory for whoever has not signed in: who pushed is left out, since the name of an account is half of a sign-in. */
export function withoutNames(inventory: Inventory): Pick<Inventory, Known> {
  return {
    repositories: async (query) => {
      const page = await inventory.repositories(query);
      return { ...page, rows: page.rows.map(anonymous) };
    },
    repository: async (name) => {
      const row = await inventory.repository(name);
      return row && anonymous(row);
    },
    tags: async (query) => {
      const page = await inventory.tags(query);
      return { ...page, rows: page.rows.map(anonymous) };
    },
    layerShares: (...asked) => inventory.layerShares(...asked),
    untagged: (...asked) => inventory.untagged(...asked),
    needing: (...asked) => inventory.needing(...asked),
    aloneOf: (...asked) => inventory.aloneOf(...asked),
    spaceOf: (...asked) => inventory.spaceOf(...asked),
    refresh: (...asked) => inventory.refresh(...asked),
  };
}
