import { AppError } from '../../lib/errors.ts';
import { accountOf } from '../../auth/principal.ts';
import type { OwnPassword } from '../../auth/sessions/own-password.ts';
import type { Sessions } from '../../auth/sessions/sessions.ts';
import type { OwnTokens } from '../../auth/tokens/own-tokens.ts';
import type { Tokens } from '../../auth/tokens/open-tokens.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import { PageError } from '../request/page-error.ts';
import { withQuery } from '../request/page-address.ts';
import type { PageAnswer, PageRequest, PageRoutes } from '../request/page-request.ts';
import { browserName } from './browser-name.ts';
import { changePassword } from './change-password.ts';
import { makeToken } from './make-token.ts';
import { renderAccount, type AccountNotice, type SignedIn } from './render-account.ts';
import { NO_DRAFT, type TokenDraft } from './render-token.ts';
import { NOTICE_WORDS, type Done } from './notices.ts';
import { ACCOUNT_WORDS } from './words.ts';

export interface AccountOptions {
  readonly sessions: Sessions;
  readonly tokens: {
    readonly devices: Tokens['devices'];
    readonly own: Pick<OwnTokens, 'ofUser' | 'make' | 'revoke'>;
  };
  readonly password: OwnPassword;
  readonly policy: () => Policy;
  /** Called with the reason why something could not be stored. */
  readonly onFailure: (error: unknown) => void;
}

/** The own account: what is signed in, tokens for machines, and the password. */
export function accountRoutes(options: AccountOptions): PageRoutes {
  return {
    account: {
      get: (request) =>
        request.principal.kind === 'user'
          ? showAccount(request, options, { notice: doneOf(request) })
          : { kind: 'redirect', to: withQuery('/sign-in', { to: '/account' }) },
    },
    'account-act': {
      post: async (request) => {
        if (request.principal.kind !== 'user') throw new PageError('forbidden');
        try {
          return await act(request, options);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          options.onFailure(error);
          return showAccount(request, options, {
            notice: { kind: 'refused', refusal: 'unwritable' },
            status: 503,
          });
        }
      },
    },
  };
}

interface Shown {
  readonly notice: AccountNotice | undefined;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly note?: NonNullable<PageAnswer['note']>;
  /** What was typed for a token that was not made. */
  readonly draft?: TokenDraft;
}

/** Shows the account with a notice. */
async function showAccount(
  request: PageRequest,
  { sessions, tokens, password }: AccountOptions,
  { notice, draft = NO_DRAFT, ...answer }: Shown,
): Promise<PageAnswer> {
  const { language, csrf, principal, sessionId } = request;
  const user = accountOf(principal);
  const browsers = (await sessions.ofUser(user)).map((session): SignedIn => ({
    ...signedInOf(session, browserName(session.agent)),
    isThis: session.id === sessionId,
  }));
  const devices = tokens.devices
    ?.ofUser(user)
    .map((device) => signedInOf(device, [device.client, device.agent].filter(Boolean).join(' · ')));
  const body = renderAccount({
    language,
    csrf,
    user,
    now: Date.now(),
    notice,
    browsers,
    devices,
    tokens: tokens.own.ofUser(user).map(({ id, name, scope, lastUsed, expires }) => ({
      id,
      name,
      scope: scope ?? [],
      lastUsed,
      ends: Date.parse(expires ?? ''),
    })),
    draft,
    mayChangePassword: await password.isWritable(),
  });
  return { kind: 'page', title: ACCOUNT_WORDS[language].title, body, ...answer };
}

interface Stored {
  readonly id: string;
  readonly address: string;
  readonly lastUsed: number;
  readonly created: string;
}

function signedInOf({ id, address, lastUsed, created }: Stored, what: string): SignedIn {
  return { id, address, lastUsed, began: Date.parse(created), what };
}

function doneOf({ query }: PageRequest): AccountNotice | undefined {
  const done = query.get('done');
  return isDone(done) ? { kind: 'done', done } : undefined;
}

function isDone(text: string): text is Done {
  return Object.hasOwn(NOTICE_WORDS.en.done, text);
}

/** What is done to the sessions and tokens of a user. Resolves to what the page says afterwards. */
type End = (ended: Ended) => Promise<Done>;

interface Ended extends Pick<AccountOptions, 'sessions' | 'tokens'> {
  readonly user: string;
  readonly id: string;
  readonly sessionId: string | undefined;
}

/** By the last part of the address of the form. */
const ENDS: ReadonlyMap<string, End> = new Map<string, End>([
  ['end-browser', async ({ sessions, user, id }) => ((await sessions.end(user, id)) ? 'browser' : 'gone')],
  [
    'end-browsers',
    ({ sessions, user, sessionId }) => sessions.endAll(user, sessionId).then(() => 'browsers'),
  ],
  [
    'end-device',
    async ({ tokens, user, id }) =>
      ((await tokens.devices?.revoke(user, [id])) ?? 0) > 0 ? 'device' : 'gone',
  ],
  [
    'end-devices',
    async ({ tokens, user }) => {
      await tokens.devices?.revoke(user);
      return 'devices';
    },
  ],
  [
    'end-token',
    async ({ tokens, user, id }) => ((await tokens.own.revoke(user, [id])) > 0 ? 'token' : 'gone'),
  ],
]);

/** Does what a form below `/account/` asks for. */
async function act(request: PageRequest, options: AccountOptions): Promise<PageAnswer> {
  const { principal, sessionId, form, address } = request;
  const word = address.kind === 'account-act' ? address.act : '';
  const end = ENDS.get(word);
  if (end === undefined) return actWithForm(request, word, options);
  const done = await end({ ...options, user: accountOf(principal), id: form.get('id'), sessionId });
  return { kind: 'redirect', to: withQuery('/account', { done }) };
}

async function actWithForm(request: PageRequest, word: string, options: AccountOptions): Promise<PageAnswer> {
  const refuse = (shown: Shown): Promise<PageAnswer> => showAccount(request, options, shown);
  if (word === 'make-token') return makeToken(request, { ...options, ...options.tokens, refuse });
  if (word === 'password') return changePassword(request, { ...options, refuse });
  throw new PageError('not-found');
}
