import type { NamedToken } from '../../auth/tokens/open-tokens.ts';

/**
 * Reports the tokens that commands have made or revoked, by comparing the tokens before and after. A new identity token is
 * not reported: a client asked the gate for it.
 */
export function followTokenChanges(
  alive: () => readonly NamedToken[],
  tell: (token: NamedToken, what: 'made' | 'revoked') => void,
): { look(): void } {
  const listed = (): ReadonlyMap<string, NamedToken> => new Map(alive().map((token) => [token.id, token]));
  let known = listed();
  return {
    look: () => {
      const now = listed();
      for (const token of known.values()) if (!now.has(token.id) && !token.hasEnded()) tell(token, 'revoked');
      for (const token of now.values()) if (!known.has(token.id) && token.isMachine) tell(token, 'made');
      known = now;
    },
  };
}
