/** Returns the program of a thread, with the extension of this file: `.ts` in a checkout, `.js` in the package. */
export function programUrl(name: 'keeper-thread' | 'reader-thread'): URL {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`../thread/${name}.${ending}`, import.meta.url);
}
