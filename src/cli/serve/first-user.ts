import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/schema/schema.ts';
import { exists } from '../../lib/files/exists.ts';
import { writeFileAtomic } from '../../lib/files/atomic-file.ts';
import { makeDirectory } from '../../lib/files/ownership.ts';
import { Secret } from '../../lib/secret.ts';
import {
  firstUserFile,
  isStillFirst,
  markFirstUser,
  readFirstUserMark,
  removeFirstUserMark,
} from '../../auth/users/first-user.ts';
import { entriesOf, withUser, withoutUser, type HtpasswdDocument } from '../../auth/users/htpasswd-file.ts';
import { createHash } from '../../auth/passwords/password-hash.ts';
import { changeUsersFile, readUsersFileIfAny } from '../../auth/users/users-file.ts';

/** The user that the first start made: this start, or an earlier one if its password has not been used yet. */
export type FirstUser =
  | { readonly kind: 'shown once'; readonly name: string; readonly password: Secret<string> }
  | { readonly kind: 'kept in a file'; readonly name: string; readonly file: string }
  | { readonly kind: 'not signed in yet'; readonly name: string; readonly file: string | undefined };

/** A first user, and how to remove it if the gate fails to start. */
interface PreparedUser {
  readonly user: FirstUser | undefined;
  withdraw(): Promise<void>;
}

const FIRST_NAME = 'admin';
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const PASSWORD_LENGTH = 20;

/**
 * Makes a first user if there are no users. The password is shown once on the terminal, or written to a file if output
 * may be recorded. Until the first sign-in, later starts name the user.
 */
export async function prepareFirstUser(config: Config, canShow: boolean): Promise<PreparedUser> {
  const file = join(config.certs, 'first-password.txt');
  const entries = entriesOf((await readUsersFileIfAny(config.users)).document);
  if (entries.length === 0) return makeFirstUser(config, file, canShow);
  const mark = await readFirstUserMark(firstUserFile(config.state));
  const entry = entries.find(({ name }) => name === mark?.name);
  if (mark === undefined || entry === undefined || !isStillFirst(mark, entry.hash.text)) {
    await removeFirstUserMark(firstUserFile(config.state));
    return { user: undefined, withdraw: async () => undefined };
  }
  const kept = await exists(file);
  const user: FirstUser = {
    kind: 'not signed in yet',
    name: mark.name,
    file: kept ? file : undefined,
  };
  return { user, withdraw: async () => undefined };
}

async function makeFirstUser(config: Config, file: string, canShow: boolean): Promise<PreparedUser> {
  const { users, certs, state } = config;
  const password = generatePassword();
  const hash = await createHash(password);
  const wasThere = await exists(users);
  const mark = firstUserFile(state);
  const withdraw = async (): Promise<void> => {
    let left = 1;
    await changeUsersFile(users, (found) => {
      const document = withoutFirst(found, hash.text);
      left = document.lines.length;
      return document;
    });
    if (!wasThere && left === 0) await rm(users, { force: true });
    await Promise.all([rm(file, { force: true }), removeFirstUserMark(mark)]);
  };
  await makeDirectory(certs, 0o755);
  await makeDirectory(state, 0o700);
  await makeDirectory(dirname(users), 0o750);
  try {
    // Both before the user: a start that is killed in between leaves no user with an unknown password.
    if (!canShow) await writeFileAtomic(file, `${password}\n`, { mode: 0o600 });
    await markFirstUser(mark, FIRST_NAME, hash.text);
    await changeUsersFile(users, (document) => withUser(document, FIRST_NAME, hash));
  } catch (error) {
    await Promise.all([rm(file, { force: true }), removeFirstUserMark(mark)]);
    throw error;
  }
  const user: FirstUser = canShow
    ? { kind: 'shown once', name: FIRST_NAME, password: new Secret(password) }
    : { kind: 'kept in a file', name: FIRST_NAME, file };
  return { user, withdraw };
}

/** Removes the first user, unless its password was changed since. */
function withoutFirst(document: HtpasswdDocument, hash: string): HtpasswdDocument {
  const isOurs = entriesOf(document).some((entry) => entry.name === FIRST_NAME && entry.hash.text === hash);
  return isOurs ? withoutUser(document, FIRST_NAME) : document;
}

/** Letters and digits that are not easily confused: about 116 bits. */
function generatePassword(): string {
  return Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
