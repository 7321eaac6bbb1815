import type { Principal } from '../../auth/principal.ts';
import { createNameFilter } from '../../auth/policy/decide.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { findRight } from '../../auth/policy/right.ts';
import type { Registry, Repository } from '../../images/store.ts';
import type { Action } from '../../oci/request/parse.ts';
import { PageError } from './page-error.ts';
import type { PageRequest } from './page-request.ts';

export interface VisibleOptions {
  /** Reads what is behind the gate, whoever asks. */
  readonly registry: Pick<Registry, 'repository' | 'listRepositories'>;
  readonly policy: () => Policy;
}

/** The part of the registry that a principal may see: the one way by which pages reach it. */
export interface Visible {
  /** Opens a repository. Throws PageError not-found if the principal may not pull from it, whether or not it exists. */
  repository(name: string): Repository;
  may(action: Action, repository: string): boolean;
  /** Throws PageError not-found where the principal may not see the repository, else forbidden where it may not do this. */
  require(action: Action, repository: string): void;
  /** Lists the names that hold this text. */
  repositories(search: string): Promise<readonly string[]>;
}

const MOST_NAMES = 1000;

/** Returns a function that limits the registry to what a request may see. */
export function createVisible({
  registry,
  policy,
}: VisibleOptions): (request: Pick<PageRequest, 'principal' | 'client'>) => Visible {
  return ({ principal, client }) => {
    const current = policy();
    const may = createRights(current, principal, client.address);
    const require = (action: Action, repository: string): void => {
      if (!may('pull', repository)) throw new PageError('not-found');
      if (!may(action, repository)) throw new PageError('forbidden');
    };
    return {
      repository: (name) => {
        require('pull', name);
        return registry.repository(name);
      },
      may,
      require,
      repositories: async (search) => {
        const isVisible = createNameFilter(current, principal, client.address) ?? (() => true);
        const names: string[] = [];
        for await (const name of registry.listRepositories()) {
          if (names.length === MOST_NAMES) break;
          if (name.includes(search) && isVisible(name)) names.push(name);
        }
        return names;
      },
    };
  };
}

function createRights(
  policy: Policy,
  principal: Principal,
  address: string,
): (action: Action, repository: string) => boolean {
  return (action, repository) => findRight(policy, principal, { action, repository }, address) !== undefined;
}
