import type { Secret } from '../../../lib/secret.ts';
import { Answer } from '../wire/answer.ts';
import type { AccessToken } from './token.ts';

/** At most 64 tokens of at most 32 KiB: 2 MiB. */
const MOST_TOKENS = 64;
/** A token is used up to here of its lifetime, so that none ends on the way. */
const USED = 0.8;

interface TokenCache {
  /** Returns the token of this key, or asks for one: once, however many want it at the same time. */
  get(key: string, ask: () => Promise<AccessToken | Answer>): Promise<Secret<string> | Answer>;
  /** Forgets a token that was refused. */
  forget(header: Secret<string>): void;
}

interface Entry {
  readonly token: Promise<AccessToken | Answer>;
  /** Known once the token is there. */
  endsAt: number;
  header: Secret<string> | undefined;
}

/** Keeps the tokens of one registry until they end. */
export function createTokenCache({ now }: { readonly now: () => number }): TokenCache {
  const entries = new Map<string, Entry>();
  const start = (key: string, ask: () => Promise<AccessToken | Answer>): Entry => {
    const entry: Entry = { token: ask(), endsAt: Infinity, header: undefined };
    entries.delete(key);
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > MOST_TOKENS && oldest !== undefined) entries.delete(oldest);
    const drop = (): void => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    entry.token.then((token) => {
      if (token instanceof Answer) return drop();
      entry.header = token.header;
      entry.endsAt = now() + token.lifetime * 1000 * USED;
    }, drop);
    return entry;
  };
  return {
    async get(key, ask) {
      const known = entries.get(key);
      const entry = known !== undefined && known.endsAt > now() ? known : start(key, ask);
      const token = await entry.token;
      return token instanceof Answer ? token : token.header;
    },
    forget(header) {
      for (const [key, entry] of entries) if (entry.header?.reveal() === header.reveal()) entries.delete(key);
    },
  };
}
