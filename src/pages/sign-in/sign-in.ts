import { AppError } from '../../lib/errors.ts';
import { Secret } from '../../lib/secret.ts';
import { accountOf } from '../../auth/principal.ts';
import type { createPageSignIn } from '../../auth/sessions/page-sign-in.ts';
import { NO_SESSION_COOKIE, readSessionCookie, sessionCookie } from '../../auth/sessions/session-cookie.ts';
import type { Sessions } from '../../auth/sessions/sessions.ts';
import { ownTarget } from '../request/own-target.ts';
import type { PageAnswer, PageRequest, PageRoutes } from '../request/page-request.ts';
import { renderSignIn, type SignInNotice } from './render-sign-in.ts';
import { SIGN_IN_WORDS } from './words.ts';

export interface SignInOptions {
  readonly signIn: ReturnType<typeof createPageSignIn>;
  readonly sessions: Sessions;
  /** Reports whether a rule is for anonymous clients, so that there are pages without a session. */
  readonly anonymous: () => boolean;
  /** Called with the reason why a session could not be stored. */
  readonly onFailure: (error: unknown) => void;
}

/** The longest name and password that are looked at, in characters; the password check has limits of its own, in bytes. */
const LONGEST = 1024;

/** Signing in and out. */
export function signInRoutes(options: SignInOptions): PageRoutes {
  return {
    'sign-in': {
      get: (request) => show(request, options, noticeOf(request)),
      post: (request) => signIn(request, options),
    },
    'sign-out': { post: (request) => signOut(request, options) },
  };
}

/** The page to go to: one of this gate, and not the form itself. */
function backTo(sent: string): string {
  const target = ownTarget(sent);
  return target.startsWith('/sign-in') ? '/' : target;
}

/** Why a browser is here that sent no form. */
function noticeOf({ principal, query, client }: PageRequest): SignInNotice | undefined {
  if (principal.kind !== 'anonymous') return undefined;
  if (query.get('left') !== '') return { kind: 'left' };
  return readSessionCookie(client.cookies) === undefined ? undefined : { kind: 'ended' };
}

function show(
  request: PageRequest,
  { anonymous }: SignInOptions,
  notice: SignInNotice | undefined,
  answer: Pick<Extract<PageAnswer, { kind: 'page' }>, 'status' | 'headers' | 'note'> = {},
): PageAnswer {
  const { language, principal, query, form } = request;
  const body = renderSignIn({
    language,
    notice,
    signedInAs: accountOf(principal),
    to: backTo(form.get('to') || query.get('to')),
    user: form.get('user').slice(0, LONGEST),
    mayLookAround: anonymous(),
  });
  return { kind: 'page', title: SIGN_IN_WORDS[language].title, body, ...answer };
}

async function signIn(request: PageRequest, options: SignInOptions): Promise<PageAnswer> {
  const { form, client } = request;
  const [user, password] = [form.get('user'), form.get('password')];
  if (user === '' || password === '' || user.length > LONGEST || password.length > LONGEST)
    return show(request, options, { kind: 'missing' }, { status: 400 });
  try {
    const { address, agent, cookies } = client;
    const cookie = readSessionCookie(cookies);
    const outcome = await options.signIn({ user, password: new Secret(password), address, agent, cookie });
    if (outcome.kind !== 'signed-in') return refuse(request, options, outcome);
    return {
      kind: 'redirect',
      to: backTo(form.get('to')),
      cookies: [sessionCookie(outcome.secret)],
      note: { principal: outcome.principal, session: 'began' },
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    options.onFailure(error);
    return show(request, options, { kind: 'failed' }, { status: 503 });
  }
}

type Refused = Exclude<Awaited<ReturnType<SignInOptions['signIn']>>, { kind: 'signed-in' }>;

/** 403 and not 401, which has to name a scheme (RFC 9110 section 15.5.2): browsers then ask by themselves. */
function refuse(request: PageRequest, options: SignInOptions, outcome: Refused): PageAnswer {
  const { en } = SIGN_IN_WORDS;
  switch (outcome.kind) {
    case 'rejected': {
      const problem = { code: 'UNAUTHORIZED', message: en.rejected } as const;
      return show(request, options, outcome, {
        status: 403,
        note: { failedLogin: 'wrong-password', problem },
      });
    }
    case 'machine': {
      const problem = { code: 'DENIED', message: en.machine } as const;
      return show(request, options, outcome, { status: 403, note: { problem } });
    }
    case 'throttled': {
      const problem = { code: 'TOOMANYREQUESTS', message: outcome.message } as const;
      return show(request, options, outcome, { status: 429, headers: later(outcome), note: { problem } });
    }
    case 'busy': {
      const problem = { code: 'UNAVAILABLE', message: en.busy(outcome.seconds) } as const;
      return show(request, options, outcome, { status: 503, headers: later(outcome), note: { problem } });
    }
  }
}

function later({ seconds }: { readonly seconds: number }): Readonly<Record<string, string>> {
  return { 'Retry-After': `${seconds}` };
}

/** Ends the session of the browser, or all of the user. The cookie goes in any case. */
async function signOut(
  { principal, sessionId, form }: PageRequest,
  { sessions }: SignInOptions,
): Promise<PageAnswer> {
  const user = accountOf(principal);
  if (form.get('everywhere') !== '') await sessions.endAll(user);
  else if (sessionId !== undefined) await sessions.end(user, sessionId);
  return {
    kind: 'redirect',
    to: '/sign-in?left=1',
    cookies: [NO_SESSION_COOKIE],
    note: { session: 'ended' },
  };
}
