import type { Secret } from '../../../lib/secret.ts';
import type { Need } from '../sign-in/access.ts';
import type { SignIn } from '../sign-in/sign-in.ts';
import type { Answer } from '../wire/answer.ts';
import { isPassing } from '../wire/unreachable.ts';
import type { Method, Wire, WireRequest } from '../wire/wire.ts';
import { askAgain } from './ask-again.ts';
import type { Pauses } from './pauses.ts';
import { sendOn } from './redirects.ts';
import { refused } from './refused.ts';
import { TryAgain } from './try-again.ts';

export interface Ask {
  readonly method: Method;
  /** A path at the registry, or an address that it gave. */
  readonly to: string | URL;
  readonly needs: readonly Need[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes in memory can be sent again; a stream is sent once, and what breaks it is for its sender. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** In place of that of the registry. */
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one registry, signed in, tried again, and sent on to where it keeps its blobs. */
export interface Session {
  readonly registry: string;
  readonly origin: string;
  readonly pauses: Pauses;
  /**
   * Returns the answer, whatever its status. Passing failures are tried again: 429, 5xx and broken connections. Throws
   * AppError REGISTRY_UNREACHABLE, SIGN_IN_FAILED, REGISTRY_REFUSED (a redirect that is not followed).
   */
  ask(request: Ask): Promise<Answer>;
  /** Whether a failure may pass: a TryAgain, or a broken connection. */
  isPassing(error: unknown): boolean;
}

interface SessionOptions {
  readonly registry: string;
  readonly wire: Wire;
  readonly signIn: SignIn;
  readonly pauses: Pauses;
  /** Ends the requests that have no signal of their own. */
  readonly signal: AbortSignal | undefined;
}

export function createSession({ registry, wire, signIn, pauses, signal }: SessionOptions): Session {
  let isKnown = false;
  // Several requests may wait for one token, so it ends with all of them, not with the one that asked first. What is
  // asked for after the end, to give up an upload, has its own time.
  const tokenSignal = (request: Ask): AbortSignal | undefined =>
    signal?.aborted === true ? request.signal : signal;

  /** Signs in where the registry asks for it, and once more if a token has ended on the way. */
  const signedIn = async (request: Ask): Promise<Answer> => {
    const url = addressOf(request, wire);
    const isOwn = url.origin === wire.origin;
    let header = isOwn ? await signIn.header(request.needs, tokenSignal(request)) : undefined;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await sendOn(wire, withHeader(request, url, header));
      isKnown = true;
      if (answer.status !== 401 || attempt > 2) return answer;
      if (answer.url.origin !== wire.origin || !isOwn) return answer;
      const challenge = answer.header('www-authenticate') ?? '';
      const refusal = await refused(answer, 'take what was sent with a token that has ended');
      header = await signIn.renew({ challenge, needs: request.needs, sent: header }, tokenSignal(request));
      // A stream can't be sent twice: its sender begins again, with the new token.
      if (isStream(request.body)) throw new TryAgain(refusal);
    }
  };

  return {
    registry,
    origin: wire.origin,
    pauses,
    isPassing: (error) => error instanceof TryAgain || isPassing(error, isKnown),
    ask: (request) =>
      askAgain(() => signedIn(request), {
        pauses,
        ...(isStream(request.body) ? { attempts: 1 } : {}),
        isPassing: (error) => isPassing(error, isKnown),
        signal: request.signal,
      }),
  };
}

/** The same session, whose requests and pauses another signal ends in place of that of the registry. */
export function endingBy(session: Session, signal: AbortSignal): Session {
  const { pauses } = session;
  return {
    ...session,
    pauses: {
      ...pauses,
      wait: (attempt, own = signal, retryAfter = undefined) => pauses.wait(attempt, own, retryAfter),
    },
    ask: (request) => session.ask({ ...request, signal: request.signal ?? signal }),
  };
}

function addressOf({ to }: Ask, { origin }: Wire): URL {
  return typeof to === 'string' ? new URL(`${origin}${to}`) : to;
}

function withHeader(request: Ask, url: URL, header: Secret<string> | undefined): WireRequest {
  const { method, headers = {}, body, signal } = request;
  const signed = header === undefined ? headers : { ...headers, authorization: header.reveal() };
  return { method, url, headers: signed, body, signal };
}

function isStream(body: Ask['body']): boolean {
  return body !== undefined && !(body instanceof Uint8Array);
}
