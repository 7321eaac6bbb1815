import { readChallenge } from '../../oci/challenge.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { fine, skipped, wrong, type Check } from '../check.ts';
import type { AccountFacts, StepResult } from '../facts/account.ts';
import type { Answer, Fault } from '../facts/ask.ts';
import type { Target } from '../target.ts';
import type { Here } from './route.ts';

const CHALLENGE = { id: 'challenge', what: 'challenge' } as const;
const SIGN_IN = { id: 'sign-in', what: 'sign-in' } as const;

/** What the registry asks of a client that has not signed in, and where it sends it for a token. */
export function checkChallenge({ host, registry }: Target, secure: Answer | Fault | undefined): Check {
  if (secure?.kind !== 'answer') return skipped(CHALLENGE, 'there is no answer by TLS');
  if (secure.status === 200) return fine(CHALLENGE, 'the registry wants no sign-in');
  const challenge = readChallenge(secure.headers['www-authenticate'] ?? '');
  if (secure.status !== 401 || challenge === undefined) {
    return skipped(CHALLENGE, `GET /v2/ gives ${secure.status} without a challenge`);
  }
  if (challenge.scheme === 'basic') return fine(CHALLENGE, 'a password with each request (Basic)');
  return checkRealm(challenge.parameters['realm'] ?? '', host, registry);
}

function checkRealm(realm: string, host: string, registry: string): Check {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url?.protocol !== 'https:') {
    return wrong(
      CHALLENGE,
      `clients are sent to ${JSON.stringify(realm.slice(0, 200))} for a token, where no password may go: it is not https. Correct the realm in the settings of the registry, or serve it through a gate`,
      `curl -sI https://${registry}/v2/`,
    );
  }
  const elsewhere = url.hostname.replaceAll(/^\[|\]$/g, '');
  const where = elsewhere === host ? '' : ` from ${url.host}, which has a certificate of its own`;
  return fine(CHALLENGE, `tokens (Bearer)${where}`);
}

/** What the account may do; `reason` says why it was not tried. */
export function checkAccount(
  { registry }: Target,
  facts: AccountFacts | undefined,
  { reason, here }: { readonly reason: string; readonly here: Here },
): readonly Check[] {
  if (facts === undefined) return [skipped(SIGN_IN, reason)];
  const { user, signIn } = facts;
  const login = loginCommand(here, registry, user);
  const name =
    user === undefined ? 'nobody, since no sign-in is stored' : user === '' ? 'the stored sign-in' : user;
  if (signIn !== undefined && user === undefined) {
    return [
      skipped(
        SIGN_IN,
        `no sign-in for ${registry} is stored here: ${here.login} ${registry}, or --user NAME`,
      ),
    ];
  }
  const steps = [
    ['push', 'push', facts.push],
    ['pull', 'pull', facts.pull],
    ['removal', 'removal', facts.removal],
  ] as const;
  return [
    signIn === undefined ? fine(SIGN_IN, `as ${name}`) : failed(SIGN_IN, signIn, login),
    ...(signIn === undefined ? steps.map(([id, what, step]) => checkStep({ id, what }, step, facts)) : []),
  ];
}

function checkStep(
  subject: { readonly id: string; readonly what: string },
  step: StepResult,
  facts: AccountFacts,
): Check {
  if (step === undefined) return fine(subject, `a tiny image of ${facts.repository ?? ''}`);
  if ('untried' in step) return skipped(subject, step.untried);
  const { code, message } = step.error;
  if (code !== 'REGISTRY_REFUSED' && code !== 'SIGN_IN_FAILED') return failed(subject, step, undefined);
  return subject.id === 'removal'
    ? skipped(subject, `this account may not: ${sentence(message)}`)
    : failed(subject, step, accessCommand(subject.id, facts));
}

function accessCommand(action: string, { user, repository = '' }: AccountFacts): string {
  const who = user === undefined || user === '' ? 'anonymous' : shellWord(user);
  return `registry-gate access check ${who} ${action} ${repository}`;
}

function failed(
  subject: { readonly id: string; readonly what: string },
  step: Exclude<StepResult, undefined>,
  cure: string | undefined,
): Check {
  if ('untried' in step) return skipped(subject, step.untried);
  return wrong(subject, sentence(step.error.message), cure ?? 'registry-gate config check --connect');
}

function loginCommand({ login }: Here, registry: string, user: string | undefined): string {
  return user === undefined || user === ''
    ? `${login} ${registry}`
    : `${login} -u ${shellWord(user)} ${registry}`;
}

function sentence(message: string): string {
  return message.replace(/\.$/, '');
}
