/** What a browser says of the page that a request comes from. */
export interface FormSource {
  /** `Sec-Fetch-Site` (W3C Fetch Metadata, section 2.4). All browsers send it over https since March 2023. */
  readonly fetchSite: string | undefined;
  /** `Origin` (Fetch, section 3.1). All browsers send it with a POST since 2020. */
  readonly origin: string | undefined;
}

/**
 * Reports whether a form comes from a page of this gate. A browser that says neither of the two is older than TLS 1.3 in
 * browsers, and a program has `/token`: both are refused. `none` is the user: a form that is sent again by a reload.
 */
export function isFromHere({ fetchSite, origin }: FormSource, host: string): boolean {
  if (fetchSite !== undefined) return fetchSite === 'same-origin' || fetchSite === 'none';
  return (
    origin !== undefined && URL.canParse(`https://${host}`) && origin === new URL(`https://${host}`).origin
  );
}

/** Reports whether a page of another site sent the browser here, by a link or a redirect. */
export function isFromElsewhere({ fetchSite }: FormSource): boolean {
  return fetchSite === 'cross-site';
}
