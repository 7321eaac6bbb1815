import { AppError } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';
import type { Credential } from '../../credentials/credential.ts';
import { problemOf } from '../wire/problem.ts';
import type { Answer } from '../wire/answer.ts';

/** Makes the error of a sign-in that failed. `answer`: what the token service said. */
export async function notSignedIn(
  registry: string,
  credential: Credential | undefined,
  answer?: Answer,
): Promise<AppError> {
  const words = answer === undefined ? '' : ` (${answer.url.host}: ${await problemOf(answer)})`;
  const login = `docker login ${registry}, or name a user: --user NAME --password-stdin`;
  if (answer !== undefined && ![400, 401, 403].includes(answer.status))
    return new AppError('SIGN_IN_FAILED', {
      message: `${registry} sends clients to a token service that gives no token${words}.`,
      hint: 'Try again later, or ask who runs it.',
    });
  if (credential === undefined)
    return new AppError('SIGN_IN_FAILED', {
      message: `${registry} wants a name and a password${words}.`,
      hint: `Sign in: ${login}`,
    });
  const who =
    credential.kind === 'identity'
      ? 'the sign-in that is stored here'
      : `the name and the password of ${JSON.stringify(printable(credential.user))}`;
  return new AppError('SIGN_IN_FAILED', {
    message: `${registry} does not accept ${who}, or they do not give the right to this${words}.`,
    hint: `Sign in again: ${login}`,
  });
}

/** A registry that would have a password sent where it may be read. */
export function realmRefused(registry: string, realm: string): AppError {
  return new AppError('SIGN_IN_FAILED', {
    message: `${registry} sends clients to ${JSON.stringify(printable(realm.slice(0, 200)))} for a token, where nothing may be sent: it is not https.`,
    hint: 'Correct the realm in the settings of the registry. A registry without TLS is named with --plain-http.',
  });
}
