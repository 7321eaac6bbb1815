import type { RegistryRequest } from '../oci/request/request.ts';

export type FailedLogin = 'wrong-password' | 'wrong-token';

/** What somebody showed to be known. */
export type SignedInBy = 'password' | 'machine-token' | 'access-token' | 'identity-token';

/** The finished story of one request. Everything that is counted, logged or audited is read from here. */
export interface Exchange {
  readonly id: string;
  readonly address: string;
  readonly method: string;
  /** Path without query, shortened; undefined where the target was not a plain path (it might hold anything). */
  readonly path: string | undefined;
  readonly userAgent: string | undefined;
  readonly request: RegistryRequest | undefined;
  /** The user whose password was verified. A name that was only claimed is never here: people type passwords there. */
  readonly user: string | undefined;
  /** What they showed; undefined for nobody. An access token may stand for nobody too. */
  readonly signedInBy?: SignedInBy | undefined;
  /** What allowed the request: `access.yml:7`, `every user`. */
  readonly rule: string | undefined;
  /** What became of a mount that was asked for: `stripped` where its source may not be read. */
  readonly mount: 'granted' | 'stripped' | undefined;
  /** What the layer cache did for it, where it was asked. */
  readonly cache?: 'hit' | 'fill' | 'miss' | undefined;
  readonly status: number;
  /** The digest that the registry gave for a manifest; known where there is an audit log. */
  readonly digest?: string | undefined;
  /** What the token service gave out. */
  readonly issued?: 'access-token' | 'identity-token' | undefined;
  /** Why the gate answered itself: the code and the reason of a problem. */
  readonly problem: { readonly code: string; readonly reason: string } | undefined;
  /** What was shown and did not hold: a password (or the secret of a machine), or a token. */
  readonly failedLogin: FailedLogin | undefined;
  /** The W3C trace context that the client claims, as it stands in its header. */
  readonly traceparent: string | undefined;
  /** Body bytes from and to the client. */
  readonly received: number;
  readonly sent: number;
  readonly milliseconds: number;
  /** From the last byte of the body to the end of the answer; undefined where the body did not come whole. */
  readonly millisecondsSinceBody: number | undefined;
  /** Whether the answer reached its end. */
  readonly outcome: 'complete' | 'client-left' | 'cut';
}
