import { join } from 'node:path';

/** The paths of the files of the tokens and sessions. */
export interface StatePaths {
  readonly machineTokens: string;
  readonly identityTokens: string;
  readonly uses: string;
  /** The sessions of browsers, and when each was last used. */
  readonly sessions: string;
  readonly sessionUses: string;
  readonly keys: string;
  /** Key and certificate of the tokens for the backend; they exist only if the backend checks tokens. */
  readonly backendKey: string;
  readonly backendCertificate: string;
}

/** Returns the paths in a state directory. */
export function statePaths(directory: string): StatePaths {
  return {
    machineTokens: join(directory, 'tokens.json'),
    identityTokens: join(directory, 'identity-tokens.json'),
    uses: join(directory, 'token-uses.json'),
    sessions: join(directory, 'sessions.json'),
    sessionUses: join(directory, 'session-uses.json'),
    keys: join(directory, 'token-keys.json'),
    backendKey: join(directory, 'backend-token.key'),
    backendCertificate: join(directory, 'backend-token.crt'),
  };
}
