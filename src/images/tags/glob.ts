/** Returns whether a text is matched by a glob: `*` is any text, slashes included, and `?` is one letter. */
export function compileGlob(glob: string): (text: string) => boolean {
  const source = glob
    .replace(/\*+/g, '*')
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const pattern = new RegExp(`^${source}$`, 's');
  return (text) => pattern.test(text);
}
