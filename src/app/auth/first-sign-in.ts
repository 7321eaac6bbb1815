import type { Exchange } from '../../observe/exchange.ts';
import { firstUserFile, readFirstUserMark, removeFirstUserMark } from '../../auth/users/first-user.ts';

type Observe = (exchange: Exchange) => void;

/**
 * Removes the mark of the first user when that user signs in. Returns `observe` itself if there is no mark, as at nearly
 * every start.
 */
export async function watchFirstSignIn(state: string, observe: Observe): Promise<Observe> {
  const path = firstUserFile(state);
  const mark = await readFirstUserMark(path);
  if (mark === undefined) return observe;
  let isWaiting = true;
  return (exchange) => {
    if (isWaiting && exchange.user === mark.name && exchange.signedInBy === 'password') {
      isWaiting = false;
      void removeFirstUserMark(path);
    }
    observe(exchange);
  };
}
