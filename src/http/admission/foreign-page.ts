/** Values of `Sec-Fetch-Site` (W3C Fetch Metadata, section 2.4) of what a person asked for, or a page of our own origin. */
const OWN: ReadonlySet<string> = new Set(['none', 'same-origin']);

/**
 * Whether a browser sends this on behalf of a page of another origin. It adds the password that it remembers to what any
 * page on the net makes it send; registry clients are no browsers and do not send the field.
 */
export function isForeignPage(fetchSite: string | readonly string[] | undefined): boolean {
  return fetchSite !== undefined && !(typeof fetchSite === 'string' && OWN.has(fetchSite.toLowerCase()));
}
