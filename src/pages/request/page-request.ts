import type { ProblemCode } from '../../oci/problem.ts';
import type { Principal } from '../../auth/principal.ts';
import type { FormSource } from './form-source.ts';
import type { Fields } from './fields.ts';
import type { Html } from '../text/html.ts';
import type { Language } from '../text/language.ts';
import type { PageAddress, PageKind } from './page-address.ts';

/** `auto` follows the browser. */
export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** What a browser asks for, read once. */
export interface PageRequest<A extends PageAddress = PageAddress> {
  readonly method: 'GET' | 'POST';
  readonly address: A;
  /** The target with its query, to come back to. */
  readonly target: string;
  readonly query: Fields;
  /** Empty for GET. */
  readonly form: Fields;
  readonly principal: Principal;
  /** The token that each form of this session carries as `csrf`. Empty without a session. */
  readonly csrf: string;
  /** The id of the session, `s-1f0c9a2b4d`. Undefined without one. */
  readonly sessionId: string | undefined;
  /** Whether the principal may see the pages of owners. */
  readonly isOwner: boolean;
  readonly language: Language;
  readonly theme: Theme;
  readonly client: PageClient;
}

export interface PageClient {
  /** The id of the request in the log. */
  readonly requestId: string;
  readonly address: string;
  /** The host under which the browser knows the gate, with its port if that is not 443. */
  readonly host: string;
  readonly agent: string;
  /** The `Cookie` header. */
  readonly cookies: string | undefined;
  readonly source: FormSource;
  /** Aborted when the browser goes before it has its page. Undefined for what is done all the same: a form. */
  readonly signal?: AbortSignal | undefined;
}

/** What the logs are told of an answer, beside its status and principal. */
export interface PageNote {
  /** Who the browser turned out to be by this request. */
  readonly principal?: Principal;
  /** Whether a session began or ended by it. */
  readonly session?: 'began' | 'ended';
  readonly failedLogin?: 'wrong-password';
  /** Why it was refused: a code of the registry API, and a sentence in English. */
  readonly problem?: { readonly code: ProblemCode; readonly message: string };
}

/** What a browser gets. */
export type PageAnswer = { readonly note?: PageNote } & (
  | {
      readonly kind: 'page';
      readonly status?: number;
      /** Of the tab, before the name of the gate. */
      readonly title: string;
      readonly body: Html;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cookies?: readonly string[];
    }
  | {
      /** To a page of this gate (303). */
      readonly kind: 'redirect';
      readonly to: string;
      readonly cookies?: readonly string[];
    }
);

/** Makes a page, or does what a form asks for. Throws PageError. */
export type PageHandler<A extends PageAddress = PageAddress> = (
  request: PageRequest<A>,
) => PageAnswer | Promise<PageAnswer>;

/** The addresses of a kind, with that kind alone. */
/** Whether something is a handler, where the kind of an address has chosen it. */
export function isHandler(value: unknown): value is PageHandler {
  return typeof value === 'function';
}

type AddressOf<K extends PageKind, A = PageAddress> = A extends { readonly kind: infer I }
  ? K extends I
    ? A & { readonly kind: K }
    : never
  : never;

/** A request for a page of this kind. */
export type RequestOf<K extends PageKind> = PageRequest<AddressOf<K>>;

/** The handlers of an area, by the kind of the address. A method without a handler is refused. */
export type PageRoutes = {
  readonly [K in PageKind]?: {
    readonly get?: PageHandler<AddressOf<K>>;
    readonly post?: PageHandler<AddressOf<K>>;
  };
};
