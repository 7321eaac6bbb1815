import { parsePageAddress } from './page-address.ts';

/**
 * Returns the target where it is that of a page of this gate, and `/` for any other: a form or a link made elsewhere must
 * not send a browser to another site.
 */
export function ownTarget(target: string): string {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  // A browser takes `//host` and `/\host` for another site, and control characters are dropped before it looks.
  if (!/^\/[A-Za-z0-9\-._~:/]*$/.test(path) || path.startsWith('//')) return '/';
  const address = parsePageAddress(path);
  if (address === undefined || !isPage(address.kind)) return '/';
  const query = mark < 0 ? '' : target.slice(mark + 1);
  return /^[A-Za-z0-9\-._~!$&'()*+,=:@/?%]*$/.test(query) ? target : path;
}

function isPage(kind: string): boolean {
  return !['sign-out', 'preferences', 'account-act', 'owner-act'].includes(kind);
}
