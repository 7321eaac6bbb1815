/** Why a stored hash should be replaced. */
export type Weakness =
  | { readonly kind: 'cost'; readonly cost: number; readonly expected: number }
  | { readonly kind: 'unsalted' | 'no-rounds' | 'md5' };

/** Renders a weakness for logs and commands. */
export function renderWeakness(weakness: Weakness): string {
  switch (weakness.kind) {
    case 'cost':
      return `bcrypt cost ${weakness.cost}, ${weakness.expected} is expected`;
    case 'unsalted':
      return 'SHA-1 without salt or rounds';
    case 'no-rounds':
      return 'SHA-1 without rounds';
    case 'md5':
      return 'MD5';
  }
}
