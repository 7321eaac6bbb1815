import library from 'apache-md5';

/**
 * Computes `$apr1$SALT$...` or `$1$SALT$...` of a password. The form of `stored` must have been checked: for any other text
 * the library makes a salt. It hashes a string as latin1, so a string with one character for each UTF-8 byte gives the
 * hash that Apache computes.
 */
export function md5Crypt(password: Buffer, stored: string): string {
  return hasher(library)(password.toString('latin1'), stored);
}

/** The package exports a function; its types declare an object that holds one. */
function hasher(value: unknown): (password: string, stored: string) => string {
  if (typeof value !== 'function') throw new TypeError('apache-md5 exports no function');
  return value as (password: string, stored: string) => string;
}
