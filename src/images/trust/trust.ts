import { getCACertificates } from 'node:tls';

/** Whom a connection trusts, and who it says it is. */
export interface Trust {
  /** CA certificates beside those of the system and of Node.js, PEM. */
  readonly authorities: readonly string[];
  /** Shown to the registry's own host alone. */
  readonly client?: { readonly certificate: string; readonly key: string } | undefined;
}

/** Returns all CA certificates to trust, each once. */
export function allAuthorities({ authorities }: Trust): string[] {
  return [...new Set([...authorities, ...getCACertificates('default'), ...getCACertificates('system')])];
}
