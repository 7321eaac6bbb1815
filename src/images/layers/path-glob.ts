import { matchesGlob as matchesName, matchesItems } from '../tags/glob.ts';

/** A pattern of paths in an image, one part for each name. */
type PathGlob = readonly string[];

export function isGlob(path: string): boolean {
  return /[*?]/.test(path);
}

/** Parses a pattern: `*` and `?` stand for letters of one name, `**` alone for any directories. */
export function parseGlob(path: string): PathGlob {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Whether a path is one that the pattern means. Takes time in the product of both lengths, whatever they are. */
export function matchesGlob(glob: PathGlob, path: string): boolean {
  return matchesItems(path.split('/'), glob, {
    isMany: (part) => part === '**',
    isSame: (part, name = '') => part !== undefined && matchesName(name, part),
  });
}
