import { isRepository } from '../../oci/request/route.ts';

/** Pages about one repository, and the pages about something in it. */
type InRepository =
  | { readonly kind: 'repository' | 'compare' | 'remove' | 'untagged'; readonly repository: string }
  | {
      readonly kind: 'image' | 'files' | 'referrer';
      readonly repository: string;
      /** A tag or a digest, not yet checked. */
      readonly reference: string;
    };

/** What a path below `/` stands for. */
export type PageAddress =
  | { readonly kind: (typeof SINGLE_PAGES)[number] }
  | { readonly kind: 'account-act'; readonly act: string }
  | { readonly kind: 'owner-act'; readonly act: string }
  | InRepository;

export type PageKind = PageAddress['kind'];

const SINGLE_PAGES = [
  'repositories',
  'sign-in',
  'sign-out',
  'preferences',
  'space',
  'account',
  'users',
  'activity',
  'health',
  'connect',
] as const;

/** Reports whether a page is shown to everybody, and its form needs no session. */
export function isOpenPage({ kind }: PageAddress): boolean {
  return kind === 'sign-in' || kind === 'preferences';
}

/** No part of the name of a repository begins with a hyphen (distribution-spec "Pulling manifests"), so this ends one. */
const AFTER_NAME = '/-/';
const REPOSITORIES = '/r/';

/** Reads the path of a target, without its query. Undefined if no page has it. */
export function parsePageAddress(path: string): PageAddress | undefined {
  if (path === '/') return { kind: 'repositories' };
  if (path.startsWith(REPOSITORIES)) return parseInRepository(path.slice(REPOSITORIES.length));
  const [first = '', act, ...more] = path.slice(1).split('/');
  if (more.length > 0) return undefined;
  if (act !== undefined) return parseAct(first, act);
  const kind = SINGLE_PAGES.find((it) => it === first);
  return kind === undefined || kind === 'repositories' ? undefined : { kind };
}

function parseAct(first: string, act: string): PageAddress | undefined {
  if (!/^[a-z-]{1,40}$/.test(act)) return undefined;
  if (first === 'account') return { kind: 'account-act', act };
  return first === 'owner' ? { kind: 'owner-act', act } : undefined;
}

const WITHOUT_REFERENCE = ['compare', 'remove', 'untagged'] as const;
const WITH_REFERENCE = ['image', 'files', 'referrer'] as const;

function parseInRepository(rest: string): InRepository | undefined {
  const end = rest.indexOf(AFTER_NAME);
  const repository = end < 0 ? rest : rest.slice(0, end);
  if (!isRepository(repository)) return undefined;
  if (end < 0) return { kind: 'repository', repository };
  const [word = '', reference, ...more] = rest.slice(end + AFTER_NAME.length).split('/');
  if (more.length > 0 || reference === '') return undefined;
  return reference === undefined ? parseWhole(repository, word) : parseDetail(repository, word, reference);
}

function parseWhole(repository: string, word: string): InRepository | undefined {
  const kind = WITHOUT_REFERENCE.find((it) => it === word);
  return kind && { kind, repository };
}

function parseDetail(repository: string, word: string, reference: string): InRepository | undefined {
  const kind = WITH_REFERENCE.find((it) => it === word);
  return kind && { kind, repository, reference };
}

/** The address of the page of a repository. */
export function repositoryPath(repository: string): string {
  return `${REPOSITORIES}${repository}`;
}

/** The address of a page about something in a repository. */
export function inRepository(
  repository: string,
  kind: 'image' | 'files' | 'referrer' | 'compare' | 'remove' | 'untagged',
  reference?: string,
): string {
  const base = `${repositoryPath(repository)}${AFTER_NAME}${kind}`;
  return reference === undefined ? base : `${base}/${reference}`;
}

/** The address of the list of a folder; of all repositories for the empty text. */
export function folderPath(folder: string): string {
  return withQuery('/', { folder });
}

/**
 * The way to a folder or a repository, from the list of all (`all` is its word) through each folder. The last step has no
 * address, since it is the page itself.
 */
export function repositoryCrumbs(
  name: string,
  all: string,
): readonly { readonly text: string; readonly address: string | undefined }[] {
  const parts = name.split('/');
  const steps = parts.map((text, at) => {
    const isLast = at === parts.length - 1;
    return { text, address: isLast ? undefined : folderPath(parts.slice(0, at + 1).join('/')) };
  });
  return [{ text: all, address: '/' }, ...steps];
}

/** Adds a query to a path. Values that are undefined or empty are left out. */
export function withQuery(
  path: string,
  values: Readonly<Record<string, string | readonly string[] | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const text of typeof value === 'string' ? [value] : (value ?? [])) {
      if (text !== '') query.append(name, text);
    }
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
