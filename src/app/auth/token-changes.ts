import type { NamedToken } from '../../auth/tokens/open-tokens.ts';

/**
 * Tells which tokens were made or revoked beside the gate, by what is there now and was not before. A token that a device
 * was given is no news: it asked for it.
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
