import { z } from 'zod';
import { integer, onOff, oneOf, optionMeta, saying } from './fields.ts';

/** Printable ASCII without `"` and `\`: older clients split a challenge with a regular expression and know no escapes. */
const challengeText = z
  .string({ error: saying('must be a text') })
  .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/, {
    error: saying('must be 1 to 100 printable ASCII characters without quotes and backslashes'),
  });

const realm = challengeText.default('Registry').register(optionMeta, {
  kind: 'text',
  description: 'The realm that a client shows when it asks for a password.',
});

/** How people and machines sign in. */
export const auth = z.strictObject({
  realm,
  cacheSeconds: integer(
    { from: 0, to: 300, byDefault: 300 },
    'How long a verified password is cached, so that its slow hash is computed only once. A change of the user discards it at once.',
  ),
  challenge: oneOf(['auto', 'basic', 'bearer']).default('auto').register(optionMeta, {
    kind: 'choice',
    description:
      'The challenge for clients without credentials. auto is basic, or bearer if a rule of the access file is for anonymous. Both kinds of credentials are always accepted.',
  }),
  service: challengeText.default('registry-gate').register(optionMeta, {
    kind: 'text',
    description: 'The audience of access tokens. Gates that share their state need the same.',
  }),
  tokenSeconds: integer(
    { from: 300, to: 3600, byDefault: 3600 },
    'How long an access token is valid. It ends at once if the password changes or the token behind it is revoked.',
  ),
  identityTokens: onOff(
    true,
    'Give clients that ask for it an identity token at docker login, so that they store no password. The kubelet of Kubernetes needs a password or a machine token.',
  ),
  backendTokens: onOff(
    false,
    'Sign a token for each request to a registry that checks tokens itself: docs/tokens.md. Needs the certificate of: registry-gate tokens certificate.',
  ),
});
