import type { RegistryRequest } from '../oci/request/parse.ts';

export type FailedLogin = 'wrong-password' | 'wrong-token';

/** How a client signed in. */
export type SignedInBy = 'password' | 'machine-token' | 'access-token' | 'identity-token' | 'session';

/** A finished request. Metrics, log, traces and the audit log read it. */
export interface Exchange {
  readonly id: string;
  readonly address: string;
  readonly method: string;
  /** The path without the query, shortened; undefined if the target was not a plain path, which may hold anything. */
  readonly path: string | undefined;
  readonly userAgent: string | undefined;
  readonly request: RegistryRequest | undefined;
  /** The user whose password was verified. Never an unverified name, since people type passwords there. */
  readonly user: string | undefined;
  /** How the client signed in; undefined for clients without credentials. An access token may be anonymous. */
  readonly signedInBy?: SignedInBy | undefined;
  /** What allowed the request: `access.yml:7`, `every user`. */
  readonly rule: string | undefined;
  /** The result of a requested mount: `stripped` if the client may not read its source. */
  readonly mount: 'granted' | 'stripped' | undefined;
  /** How the layer cache answered, if it was asked. */
  readonly cache?: 'hit' | 'fill' | 'miss' | undefined;
  readonly status: number;
  /** The digest that the registry stated for a manifest; set with an audit log. */
  readonly digest?: string | undefined;
  /** What the token service issued. */
  readonly issued?: 'access-token' | 'identity-token' | undefined;
  /** Whether a browser signed in to the pages, or out. */
  readonly session?: 'began' | 'ended' | undefined;
  /** Why the gate answered by itself: the code and the reason of a problem. */
  readonly problem: { readonly code: string; readonly reason: string } | undefined;
  /** The kind of credential that was wrong: a password (or a machine's secret), or a token. */
  readonly failedLogin: FailedLogin | undefined;
  /** The W3C trace context of the client, unverified. */
  readonly traceparent: string | undefined;
  /** Body bytes from and to the client. */
  readonly received: number;
  readonly sent: number;
  readonly milliseconds: number;
  /** From the last byte of the body to the end of the answer; undefined if the body was incomplete. */
  readonly millisecondsSinceBody: number | undefined;
  /** Whether the answer was sent completely. */
  readonly outcome: 'complete' | 'client-left' | 'cut';
}
