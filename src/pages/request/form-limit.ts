import { isFromHere } from './form-source.ts';
import { isOpenPage } from './page-address.ts';
import type { PageCall, ReadRequestOptions } from './read-request.ts';

/** A name, a password, and the address of a page to come back to. */
const SMALL_BYTES = 16 * 1024;
/** The names of the tags of a whole page. */
const LARGE_BYTES = 256 * 1024;

/**
 * Returns the most bytes that are read of a form; 0 where it is refused whatever it holds, because another site sent it or
 * nobody is signed in. Whoever has not signed in must not make the gate read and parse large forms.
 */
export async function mostFormBytes(
  { session }: Pick<ReadRequestOptions, 'session'>,
  { address, client }: Pick<PageCall, 'address' | 'client'>,
): Promise<number> {
  if (!isFromHere(client.source, client.host)) return 0;
  if (isOpenPage(address)) return SMALL_BYTES;
  return (await session(client.cookies)) === undefined ? 0 : LARGE_BYTES;
}
