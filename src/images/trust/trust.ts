/** Whom a connection trusts, and who it says it is. */
export interface Trust {
  /** CA certificates beside those of the system and of Node.js, PEM. */
  readonly authorities: readonly string[];
  /** Shown to the registry's own host alone. */
  readonly client?: { readonly certificate: string; readonly key: string } | undefined;
}
