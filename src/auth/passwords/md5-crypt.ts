import library from 'apache-md5';

/**
 * `$apr1$SALT$...` or `$1$SALT$...` of a password, for a stored text whose form was checked before: given anything else,
 * the library makes a salt of its own. It hashes a string as latin1, so a string with one character for each byte of
 * the UTF-8 gives what Apache computes.
 */
export function md5Crypt(password: Buffer, stored: string): string {
  return hasher(library)(password.toString('latin1'), stored);
}

/** The package is a function, where its types promise an object that holds one. */
function hasher(value: unknown): (password: string, stored: string) => string {
  if (typeof value !== 'function') throw new TypeError('apache-md5 exports no function');
  return value as (password: string, stored: string) => string;
}
