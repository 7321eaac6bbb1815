import { isRepository } from './route.ts';
import type { RegistryRequest } from './parse.ts';

/** Actions on one resource: an entry of the `access` claim (distribution: token authentication, "JWT claims"). */
export interface Access {
  /** `repository` or `registry`. */
  readonly type: string;
  readonly name: string;
  /** `pull`, `push`, `delete`, or `*` for the catalog. Sorted and unique; may be empty. */
  readonly actions: readonly string[];
}

const ACTION = /^(?:\*|[a-z]{1,32})$/;
const LONGEST_SCOPE = 512;
/** The actions that `*` on a repository stands for. */
const ALL = ['delete', 'pull', 'push'] as const;

/**
 * Parses one scope, `TYPE:NAME:ACTION,ACTION` (distribution: "Docker Registry v2 authentication, scope"). It reads from
 * both ends, because a name may begin with `host:port/`. A class, `repository(plugin)`, is deprecated and ignored.
 * Returns undefined for malformed text, which requests nothing that could be granted.
 */
export function parseScope(text: string): Access | undefined {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (text.length > LONGEST_SCOPE || first <= 0 || last <= first + 1) return undefined;
  const type = text.slice(0, first).replace(/\([a-z0-9]+\)$/, '');
  const name = text.slice(first + 1, last);
  const actions = text.slice(last + 1).split(',');
  if (actions.some((action) => !ACTION.test(action)) || !isName(type, name)) return undefined;
  return { type, name, actions: normalize(type, actions) };
}

/** Parses scopes separated by spaces. Malformed ones are dropped, equal names become one entry. */
export function parseScopes(texts: readonly string[]): readonly Access[] {
  const parsed = texts.flatMap((text) => text.split(' ')).map(parseScope);
  return mergeAccess(parsed.filter((access) => access !== undefined));
}

/** Renders scopes, separated by single spaces. Entries without actions are dropped. */
export function renderScopes(access: readonly Access[]): string {
  return access
    .filter(({ actions }) => actions.length > 0)
    .map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`)
    .join(' ');
}

/** Merges entries of the same type and name, in the order of their first appearance. */
function mergeAccess(access: readonly Access[]): readonly Access[] {
  const merged = new Map<string, Access>();
  for (const { type, name, actions } of access) {
    const key = `${type}:${name}`;
    const all = [...(merged.get(key)?.actions ?? []), ...actions];
    merged.set(key, { type, name, actions: normalize(type, all) });
  }
  return [...merged.values()];
}

/** Returns the requested access that is granted. Every requested entry stays, possibly without actions. */
export function intersectAccess(asked: readonly Access[], granted: readonly Access[]): readonly Access[] {
  return asked.map(({ type, name, actions }) => {
    const may = granted.filter((it) => it.type === type && it.name === name).flatMap((it) => it.actions);
    return { type, name, actions: actions.filter((action) => may.includes(action)) };
  });
}

/** Returns what a request needs, for its challenge and for a backend token. The base route needs nothing. */
export function neededAccess(request: RegistryRequest): readonly Access[] {
  const { route, action, mount } = request;
  if (route.kind === 'base') return [];
  if (route.kind === 'catalog') return [{ type: 'registry', name: 'catalog', actions: ['*'] }];
  // A client that pushes also checks what exists.
  const actions = action === 'push' ? ['pull', 'push'] : [action ?? 'pull'];
  const own = { type: 'repository', name: route.repository, actions };
  if (mount === undefined) return [own];
  return mergeAccess([own, { type: 'repository', name: mount.from, actions: ['pull'] }]);
}

/**
 * Returns what a registry that checks tokens requires: distribution only looks at the method and wants `delete` to
 * cancel an upload.
 */
export function backendAccess(request: RegistryRequest): readonly Access[] {
  const needed = neededAccess(request);
  if (request.method !== 'DELETE') return needed;
  return mergeAccess(needed.flatMap((access) => [access, { ...access, actions: ['delete'] }]));
}

function isName(type: string, name: string): boolean {
  return type === 'repository' ? isRepository(name) : type === 'registry' && name === 'catalog';
}

function normalize(type: string, actions: readonly string[]): readonly string[] {
  if (type === 'repository' && actions.includes('*')) return ALL;
  return [...new Set(actions)].sort();
}
