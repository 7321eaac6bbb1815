import { isAction, type Action } from '../../oci/request/parse.ts';
import { accountOf, type ScopeEntry } from '../../auth/principal.ts';
import { findUngrantable } from '../../auth/policy/grant.ts';
import type { Policy } from '../../auth/policy/policy.ts';
import type { OwnTokens } from '../../auth/tokens/own-tokens.ts';
import type { PageAnswer, PageRequest } from '../request/page-request.ts';
import type { AccountNotice } from './render-account.ts';
import { renderMadeToken, type TokenDraft } from './render-token.ts';
import type { Refusal } from './notices.ts';
import { ACCOUNT_WORDS } from './words.ts';

interface MakeTokenOptions {
  readonly own: Pick<OwnTokens, 'make'>;
  readonly policy: () => Policy;
  /** Shows the account with a reason. */
  readonly refuse: (shown: {
    readonly notice: AccountNotice;
    readonly draft: TokenDraft;
    readonly status: number;
  }) => Promise<PageAnswer>;
}

/**
 * Makes a token and answers the form with its secret: nothing keeps a secret for a page that a redirect would lead to. The
 * page is not stored by the browser, and sending the form again makes another token.
 */
export async function makeToken(
  { form, principal, client, language }: PageRequest,
  { own, policy, refuse }: MakeTokenOptions,
): Promise<PageAnswer> {
  const allow = form.all('allow').filter(isAction);
  const repositories = form.get('repositories').split(/\s+/).filter(Boolean);
  const draft = {
    purpose: form.get('purpose'),
    repositories: repositories.join('\n'),
    allow,
    days: Number(form.get('days')),
  };
  const no = (refusal: Refusal, status: number, detail?: string): Promise<PageAnswer> =>
    refuse({ notice: { kind: 'refused', refusal, ...(detail !== undefined && { detail }) }, draft, status });
  const scope: ScopeEntry = { repositories, allow: [...new Set(allow)] };
  const missing = findUngrantable(policy(), principal, scope, client.address);
  if (missing !== undefined) {
    const action: Action = missing.action;
    return no('ungrantable', 403, `${ACCOUNT_WORDS[language].actions[action]} ${missing.repository}`);
  }
  const outcome = await own.make(accountOf(principal), { ...draft, ...scope });
  if (outcome.kind === 'refused') return no(outcome.problem, 400);
  const { token, secret } = outcome;
  return {
    kind: 'page',
    title: ACCOUNT_WORDS[language].made(token.name),
    body: renderMadeToken({ name: token.name, secret: secret.reveal(), host: client.host }, language),
  };
}
