import type { Activity } from './activity.ts';
import { firstFields, type AuditEvent, type EventName } from './event.ts';
import { bytesOfFact, type Fact } from './fact.ts';

/** Equal events within this time are one line: clients retry one typo six times, and attackers retry for hours. */
const WINDOW_MS = 2000;

/** Equal requests, counted: refusals of the same action to the same client, or tokens for it. */
export class RepeatedEvent implements Activity {
  readonly idleMs = WINDOW_MS;
  readonly #first: Fact;
  #last: Fact;
  #requests = 0;

  constructor(first: Fact) {
    this.#first = first;
    this.#last = first;
  }

  /** Of the first one, so that further requests do not delay the line. */
  get at(): number {
    return this.#first.at;
  }

  get bytes(): number {
    return bytesOfFact(this.#first) + bytesOfFact(this.#last);
  }

  add(fact: Fact): void {
    this.#last = fact;
    this.#requests += 1;
  }

  finish(): readonly AuditEvent[] {
    const fact = this.#first;
    const [event, result] = nameOf(fact);
    return [
      {
        ...firstFields(event, result, fact, this.#last),
        action: event === 'token' ? undefined : fact.action,
        tag: fact.tags?.[0],
        digest: fact.digest,
        token: fact.token,
        rule: fact.rule,
        status: fact.status,
        reason: fact.reason,
        requests: this.#requests,
      },
    ];
  }
}

/** Requests with the same key are counted together. */
export function repeatedKey({ kind, user, by, address, repository, action, token, reason }: Fact): string {
  return [kind, repository, address, user, by, action, token, reason].join('\n');
}

function nameOf({ kind, reason }: Fact): readonly [EventName, string] {
  if (kind === 'login') return ['login', reason === 'wrong-password' ? 'wrong' : 'done'];
  if (kind === 'logout') return ['logout', 'done'];
  if (kind === 'denial') return ['denial', 'denied'];
  if (reason === 'wrong-token') return ['token', 'wrong'];
  return ['token', reason === 'made' || reason === 'revoked' ? reason : 'issued'];
}
