import { isRepository } from '../grammar.ts';
import type { RegistryRequest } from './request.ts';

/** Some actions on one thing: an entry of the `access` claim (distribution: token authentication, "JWT claims"). */
export interface Access {
  /** `repository` or `registry`. */
  readonly type: string;
  readonly name: string;
  /** `pull`, `push`, `delete`, or `*` for the catalog. Sorted, none twice; may be empty. */
  readonly actions: readonly string[];
}

const ACTION = /^(?:\*|[a-z]{1,32})$/;
const LONGEST_SCOPE = 512;
/** What `*` on a repository stands for. */
const ALL = ['delete', 'pull', 'push'] as const;

/**
 * One scope, `TYPE:NAME:ACTION,ACTION` (distribution: "Docker Registry v2 authentication, scope"). Read from both ends,
 * because a name may begin with `host:port/`. A class, `repository(plugin)`, is deprecated and ignored. Undefined for what
 * is none: it asks for nothing that could be granted.
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

/** A list of scopes with spaces between them; what can't be read is left out, equal names become one entry. */
export function parseScopes(texts: readonly string[]): readonly Access[] {
  const parsed = texts.flatMap((text) => text.split(' ')).map(parseScope);
  return mergeAccess(parsed.filter((access) => access !== undefined));
}

/** The scopes as text, one space between two; what has no action is left out. */
export function renderScopes(access: readonly Access[]): string {
  return access
    .filter(({ actions }) => actions.length > 0)
    .map(({ type, name, actions }) => `${type}:${name}:${actions.join(',')}`)
    .join(' ');
}

/** Entries of the same type and name as one, in the order of their first appearance. */
export function mergeAccess(access: readonly Access[]): readonly Access[] {
  const merged = new Map<string, Access>();
  for (const { type, name, actions } of access) {
    const key = `${type}:${name}`;
    const all = [...(merged.get(key)?.actions ?? []), ...actions];
    merged.set(key, { type, name, actions: normalize(type, all) });
  }
  return [...merged.values()];
}

/** What was asked for and is granted. Every entry that was asked for stays, if need be without actions. */
export function intersectAccess(asked: readonly Access[], granted: readonly Access[]): readonly Access[] {
  return asked.map(({ type, name, actions }) => {
    const may = granted.filter((it) => it.type === type && it.name === name).flatMap((it) => it.actions);
    return { type, name, actions: actions.filter((action) => may.includes(action)) };
  });
}

/** What a request needs, as it stands in the challenge to it and in a token for the backend. The base route needs nothing. */
export function neededAccess(request: RegistryRequest): readonly Access[] {
  const { route, action, mount } = request;
  if (route.kind === 'base') return [];
  if (route.kind === 'catalog') return [{ type: 'registry', name: 'catalog', actions: ['*'] }];
  // A client that pushes also looks for what is there already.
  const actions = action === 'push' ? ['pull', 'push'] : [action ?? 'pull'];
  const own = { type: 'repository', name: route.repository, actions };
  if (mount === undefined) return [own];
  return mergeAccess([own, { type: 'repository', name: mount.from, actions: ['pull'] }]);
}

/** What a registry that checks tokens asks for: distribution looks at the method alone, and wants `delete` to end an upload. */
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
