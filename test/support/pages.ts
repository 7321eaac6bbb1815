import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** A link of a page to something that is no address of the web. */
export interface Link {
  /** Path below the root of the repository; that of the page itself where only an anchor is given. */
  readonly path: string;
  readonly anchor: string | undefined;
  /** The page that it stands in. */
  readonly from: string;
}

/** Every page that users read, by its path below the root of the repository. */
export function userPages(): readonly string[] {
  const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return [
    ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
    'certs/README.md',
    ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name)),
  ];
}

/** The text of a page without its blocks of code. */
export function proseOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8').replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** The links of a page to files and sections, in their order. */
export function linksOf(page: string): readonly Link[] {
  const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      return { path: path === '' ? page : normalize(join(dirname(page), path)), anchor, from: page };
    });
}

/** A heading of a page: how deep, and by which anchor it is found. */
export interface Heading {
  readonly depth: number;
  readonly anchor: string;
}

/** The headings of a page, with the anchors that GitHub gives them. */
export function headingsOf(page: string): readonly Heading[] {
  const seen = new Map<string, number>();
  return [...proseOf(page).matchAll(/^(#+) (.*)$/gm)].map(([, marks = '', text = '']) => {
    const plain = text.replaceAll(/\]\([^)]*\)/g, ']').toLowerCase();
    const slug = plain.replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return { depth: marks.length, anchor: times === 0 ? slug : `${slug}-${times}` };
  });
}
