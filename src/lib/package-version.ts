import { readFileSync } from 'node:fs';

/** Returns the version of this package, from its package.json, which is two folders up from the sources and from the build alike. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version }: { readonly version: string } = JSON.parse(text);
  return version;
}
