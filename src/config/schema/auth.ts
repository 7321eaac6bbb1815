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
    'How long a verified password is remembered, so that a slow hash is paid once. It is forgotten at once when its entry changes.',
  ),
  challenge: oneOf(['auto', 'basic', 'bearer']).default('auto').register(optionMeta, {
    kind: 'choice',
    description:
      'How clients are asked who they are. auto is basic, and bearer as soon as a rule of the access file is for anonymous. Either way both are accepted.',
  }),
  service: challengeText.default('registry-gate').register(optionMeta, {
    kind: 'text',
    description: 'The name that access tokens are for. Gates that share their state share it.',
  }),
  tokenSeconds: integer(
    { from: 300, to: 3600, byDefault: 3600 },
    'How long an access token is valid. It is void at once when the password changes or the token behind it is revoked.',
  ),
  identityTokens: onOff(
    true,
    'Give clients that ask for one an identity token at docker login, so that they keep no password. The kubelet of Kubernetes can use passwords and machine tokens alone.',
  ),
  backendTokens: onOff(
    false,
    'Sign a token for each request to the registry, for one that checks tokens itself: docs/tokens.md. First: registry-gate tokens certificate.',
  ),
});
