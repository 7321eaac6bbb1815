import { Secret } from '../../lib/secret.ts';
import { accountOf } from '../../auth/principal.ts';
import type { OwnPassword } from '../../auth/sessions/own-password.ts';
import { sessionCookie } from '../../auth/sessions/session-cookie.ts';
import type { PageAnswer, PageNote, PageRequest } from '../request/page-request.ts';
import type { AccountNotice } from './render-account.ts';
import { NOTICE_WORDS, type Refusal } from './notices.ts';

interface ChangePasswordOptions {
  readonly password: OwnPassword;
  /** Shows the account with a reason. */
  readonly refuse: (shown: {
    readonly notice: AccountNotice;
    readonly status: number;
    readonly note?: PageNote;
    readonly headers?: Readonly<Record<string, string>>;
  }) => Promise<PageAnswer>;
}

/** Changes the password of the user, whose sessions and devices end by that, and begins a new session for this browser. */
export async function changePassword(
  { form, principal, client }: PageRequest,
  { password, refuse }: ChangePasswordOptions,
): Promise<PageAnswer> {
  const { address, agent } = client;
  const user = accountOf(principal);
  const no = (refusal: Refusal, more: Omit<Parameters<typeof refuse>[0], 'notice'>): Promise<PageAnswer> =>
    refuse({ notice: { kind: 'refused', refusal }, ...more });
  if (form.get('next') !== form.get('repeat')) return no('repeat', { status: 400 });
  const [old, next] = [new Secret(form.get('old')), new Secret(form.get('next'))];
  const outcome = await password.change({ user, old, next, address, agent });
  switch (outcome.kind) {
    case 'invalid':
      return no('invalid', { status: 400 });
    case 'rejected':
      return no('rejected', { status: 403, note: noteOf('UNAUTHORIZED', 'rejected', 'wrong-password') });
    case 'busy':
    case 'throttled': {
      const code = outcome.kind === 'busy' ? 'UNAVAILABLE' : 'TOOMANYREQUESTS';
      const status = outcome.kind === 'busy' ? 503 : 429;
      const headers = { 'Retry-After': `${outcome.seconds}` };
      return no(outcome.kind, { status, headers, note: noteOf(code, outcome.kind) });
    }
    case 'changed':
      return {
        kind: 'redirect',
        to: `/account?done=${outcome.isWeak ? 'weak' : 'password'}`,
        cookies: [sessionCookie(outcome.secret)],
        note: { session: 'began' },
      };
  }
}

function noteOf(
  code: NonNullable<PageNote['problem']>['code'],
  refusal: Refusal,
  failedLogin?: 'wrong-password',
): PageNote {
  const problem = { code, message: NOTICE_WORDS.en.refused[refusal] };
  return failedLogin === undefined ? { problem } : { problem, failedLogin };
}
