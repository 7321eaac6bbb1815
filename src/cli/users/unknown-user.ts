import { AppError } from '../../lib/errors.ts';
import { entriesOf, type HtpasswdDocument } from '../../auth/users/htpasswd-file.ts';

/** Throws AppError USER_UNKNOWN if the document has no such user. */
export function refuseUnknown(document: HtpasswdDocument, name: string): void {
  if (!entriesOf(document).some((entry) => entry.name === name)) throw unknownUser(name);
}

export function unknownUser(name: string): AppError {
  return new AppError('USER_UNKNOWN', {
    message: `There is no user ${JSON.stringify(name)}.`,
    hint: 'List the users: registry-gate users list',
  });
}
