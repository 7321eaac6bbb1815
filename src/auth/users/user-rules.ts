import { BCRYPT_MAX_BYTES } from '../passwords/password-hash.ts';

const NAME_MAX_BYTES = 255;
/** The shortest password that a person should choose (NIST SP 800-63B, section 5.1.1). */
const SHORT_PASSWORD = 8;

/** Returns what is wrong with a user name, as the end of "the name ..."; undefined if nothing is. */
export function findNameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (Buffer.byteLength(name) > NAME_MAX_BYTES) return `is longer than ${NAME_MAX_BYTES} bytes`;
  if (/\p{Cc}/u.test(name)) return 'holds a control character';
  if (!name.isWellFormed()) return 'is not Unicode';
  if (name.includes(':')) return 'holds a colon, which ends the name in the file and at login';
  if (name !== name.trim()) return 'begins or ends with a space';
  if (name.startsWith('#')) return 'begins with #, which starts a comment';
  return undefined;
}

/** Returns what is wrong with a new password, as the end of "the password ..."; undefined if nothing is. */
export function findPasswordProblem(password: string): string | undefined {
  if (password === '') return 'is empty';
  if (/\p{Cc}/u.test(password)) return 'holds a control character, which no client can send';
  if (!password.isWellFormed()) return 'is not Unicode';
  if (Buffer.byteLength(password) <= BCRYPT_MAX_BYTES) return undefined;
  return `is longer than ${BCRYPT_MAX_BYTES} bytes, of which bcrypt would ignore the rest`;
}

/** Returns why a new password is easy to guess, as the end of "the password ..."; undefined if it is not known to be. Such a password is accepted. */
export function findPasswordWeakness(password: string, name: string): string | undefined {
  if (password.toLowerCase() === name.toLowerCase()) return 'is the name of the user';
  const { length } = [...password];
  return length < SHORT_PASSWORD ? `has ${length} ${length === 1 ? 'character' : 'characters'}` : undefined;
}
