/** Rights that a request needs, as tokens name them (distribution: "Token Scope"). */
export interface Need {
  /** `repository` or `registry`. */
  readonly type: 'repository' | 'registry';
  readonly name: string;
  readonly actions: readonly string[];
}

export function pulls(repository: string): Need {
  return { type: 'repository', name: repository, actions: ['pull'] };
}

export function pushes(repository: string): Need {
  return { type: 'repository', name: repository, actions: ['pull', 'push'] };
}

export function deletes(repository: string): Need {
  return { type: 'repository', name: repository, actions: ['delete', 'pull'] };
}

export const LISTS: Need = { type: 'registry', name: 'catalog', actions: ['*'] };

/** Returns each scope once, with all its actions: `repository:team/app:pull,push`. `scope`: that of a challenge. */
export function renderNeeds(needs: readonly Need[], scope = ''): readonly string[] {
  const actions = new Map<string, Set<string>>();
  const add = (name: string, more: readonly string[]): void => {
    actions.set(name, new Set([...(actions.get(name) ?? []), ...more]));
  };
  for (const need of needs) add(`${need.type}:${need.name}`, need.actions);
  for (const text of scope.split(' ').filter(Boolean)) {
    // A name may hold a port: repository:registry.lan:5000/app:pull.
    const colon = text.lastIndexOf(':');
    if (colon > 0) add(text.slice(0, colon), text.slice(colon + 1).split(','));
  }
  return [...actions].map(([name, all]) => `${name}:${[...all].toSorted().join(',')}`).toSorted();
}
