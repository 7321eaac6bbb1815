import type { Principal } from '../../auth/principal.ts';
import { createNameFilter } from '../../auth/policy/decide.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { findRight, renderRight, type Right } from '../../auth/policy/right.ts';
import type { Registry, Repository } from '../../images/store.ts';
import type {
  Inventory,
  InventoryStatus,
  RepositoriesPage,
  RepositoriesQuery,
  Space,
  SpaceQuery,
} from '../../inventory/inventory.ts';
import type { Action } from '../../oci/request/parse.ts';
import { PageError } from './page-error.ts';
import type { PageClient, PageRequest } from './page-request.ts';
import { withoutNames } from './without-names.ts';
import { noteDeletions, type Deletion } from './note-deletions.ts';

export interface VisibleOptions {
  /** Reads what is behind the gate, whoever asks. */
  readonly registry: Pick<Registry, 'repository'>;
  readonly inventory: Inventory;
  readonly policy: () => Policy;
  /** Called with each deletion that was asked of the registry, when it has ended. */
  readonly onDeletion: (deletion: Deletion) => void;
}

/** The part of the registry that a principal may see: the one way by which pages reach it. */
export interface Visible {
  /**
   * Opens a repository, whose requests end when the browser goes. Throws PageError not-found if the principal may not pull
   * from it, whether or not it exists.
   */
  repository(name: string): Repository;
  /**
   * Opens a repository to remove something: each deletion is told under the name of the principal. `change` puts other
   * ways of deletion in place of those of the registry. Throws as `require`.
   */
  removable(name: string, change?: (repository: Repository) => Repository): Repository;
  may(action: Action, repository: string): boolean;
  /** Throws PageError not-found where the principal may not see the repository, else forbidden where it may not do this. */
  require(action: Action, repository: string): void;
  /** Whether no repository is kept from the principal. */
  readonly all: boolean;
  /** As `inventory`, without who pushed where nobody is signed in. */
  repositories(query: Omit<RepositoriesQuery, 'visible'>): Promise<RepositoriesPage>;
  space(query: Omit<SpaceQuery, 'visible'>): Promise<Space>;
  /** What is known of one repository. Throws PageError not-found as `repository` does. */
  inventory(name: string): OneRepository;
  /** Whether the inventory is complete. Its numbers are of all repositories. */
  status(): Promise<InventoryStatus>;
}

/** What the inventory tells of single repositories. */
export type OneRepository = Pick<
  Inventory,
  'repository' | 'tags' | 'layerShares' | 'untagged' | 'needing' | 'aloneOf' | 'spaceOf' | 'refresh'
>;

/** Returns a function that limits the registry to what a request may see. */
export function createVisible({
  registry,
  inventory,
  policy,
  onDeletion,
}: VisibleOptions): (request: Pick<PageRequest, 'principal' | 'client'>) => Visible {
  return ({ principal, client }) => {
    const current = policy();
    const right = createRights(current, principal, client);
    const may = (action: Action, repository: string): boolean => right(action, repository) !== undefined;
    const require = (action: Action, repository: string): void => {
      if (!may('pull', repository)) throw new PageError('not-found');
      if (!may(action, repository)) throw new PageError('forbidden');
    };
    const visible = createNameFilter(current, principal, client.address);
    const known = principal.kind === 'anonymous' ? withoutNames(inventory) : inventory;
    return {
      repository: (name) => {
        require('pull', name);
        return registry.repository(name, client.signal);
      },
      removable: (name, change = (it) => it) => {
        require('delete', name);
        const found = right('delete', name);
        const by = { principal, client, rule: found && renderRight(found) };
        return noteDeletions(change(registry.repository(name)), (deletion) =>
          onDeletion({ ...deletion, ...by }),
        );
      },
      may,
      require,
      all: visible === undefined,
      repositories: (query) => known.repositories({ ...query, visible }),
      space: (query) => inventory.space({ ...query, visible }),
      inventory: (name) => {
        require('pull', name);
        return known;
      },
      status: () => inventory.status(),
    };
  };
}

function createRights(
  policy: Policy,
  principal: Principal,
  { address }: Pick<PageClient, 'address'>,
): (action: Action, repository: string) => Right | undefined {
  return (action, repository) => findRight(policy, principal, { action, repository }, address);
}
