import type { Exchange } from '../../observe/exchange.ts';
import { firstUserFile, readFirstUserMark, removeFirstUserMark } from '../../auth/users/first-user.ts';

/**
 * Returns an observer that removes the mark of the first user when that user signs in; undefined if there is no mark, as
 * at nearly every start.
 */
export async function watchFirstSignIn(state: string): Promise<((exchange: Exchange) => void) | undefined> {
  const path = firstUserFile(state);
  const mark = await readFirstUserMark(path);
  if (mark === undefined) return undefined;
  let isWaiting = true;
  return ({ user, signedInBy }) => {
    if (!isWaiting || user !== mark.name || signedInBy !== 'password') return;
    isWaiting = false;
    void removeFirstUserMark(path);
  };
}
