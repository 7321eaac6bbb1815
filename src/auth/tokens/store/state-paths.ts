import { join } from 'node:path';

/** Where the files stand that tokens are kept in. */
export interface StatePaths {
  readonly machineTokens: string;
  readonly identityTokens: string;
  readonly uses: string;
  readonly keys: string;
  /** Key and certificate for tokens that the backend checks; only there where it does. */
  readonly backendKey: string;
  readonly backendCertificate: string;
}

/** The files in a state directory. */
export function statePaths(directory: string): StatePaths {
  return {
    machineTokens: join(directory, 'tokens.json'),
    identityTokens: join(directory, 'identity-tokens.json'),
    uses: join(directory, 'token-uses.json'),
    keys: join(directory, 'token-keys.json'),
    backendKey: join(directory, 'backend-token.key'),
    backendCertificate: join(directory, 'backend-token.crt'),
  };
}
