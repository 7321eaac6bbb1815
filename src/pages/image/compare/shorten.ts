/** A digest as docker shows it, a tag as it is. */
export function shorten(reference: string): string {
  const colon = reference.indexOf(':');
  return colon < 0 ? reference : reference.slice(0, colon + 13);
}
