/** Who holds a token, and by which credential they came to it. */
export type Holder =
  | { readonly kind: 'anonymous' }
  /** A person who gave the password, or whose device gave its identity token. */
  | { readonly kind: 'user'; readonly user: string; readonly device: string | undefined }
  /** A machine; `id` is that of its token. */
  | { readonly kind: 'token'; readonly name: string; readonly id: string };

export const ANONYMOUS: Holder = { kind: 'anonymous' };
const TOKEN = 'token:';

/** The holder as one word: `alice`, `token:ci`, and nothing for nobody. No name of a user holds a colon. */
export function holderName(holder: Holder): string {
  switch (holder.kind) {
    case 'anonymous':
      return '';
    case 'user':
      return holder.user;
    case 'token':
      return `${TOKEN}${holder.name}`;
  }
}

/** The id of the credential besides the name; undefined for a password, and for nobody. */
export function credentialId(holder: Holder): string | undefined {
  if (holder.kind === 'token') return holder.id;
  return holder.kind === 'user' ? holder.device : undefined;
}

/** The inverse of the two; undefined for what they never write. */
export function parseHolder(name: string, id: string | undefined): Holder | undefined {
  if (name === '') return id === undefined ? ANONYMOUS : undefined;
  if (!name.startsWith(TOKEN)) return { kind: 'user', user: name, device: id };
  return id === undefined ? undefined : { kind: 'token', name: name.slice(TOKEN.length), id };
}
