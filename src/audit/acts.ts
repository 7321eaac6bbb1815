import { ACT_OF, keyOf } from './act.ts';
import { opening } from './event.ts';
import type { AuditEvent } from './event.ts';
import type { Fact } from './fact.ts';
import { RepeatedEvent, repeatedKey } from './repeated-event.ts';
import { OpenActs } from './open-acts.ts';
import { Pull } from './pull.ts';
import { Push } from './push.ts';

export interface ActsOptions {
  readonly write: (event: AuditEvent) => void;
  /** Memory for those that have not ended, in bytes; of more, the one that was silent for the longest time is written as it is. */
  readonly maxBytes?: number;
}

/** Some 20,000 pulls of images with a few layers. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Makes acts of facts: what begins, goes on and has ended. Knows no clock but that of the facts. */
export interface Acts {
  take(fact: Fact): void;
  /** Keys of those that are silent for long enough at this time to have ended. */
  due(at: number): readonly string[];
  /** Ends these, but for those in `busy`, of which something is still under way. */
  end(keys: readonly string[], busy: ReadonlySet<string>): void;
  /** Ends all: nothing more will come. */
  endAll(): void;
}

export function createActs({ write, maxBytes = MAX_BYTES }: ActsOptions): Acts {
  const open = new OpenActs(write, maxBytes);

  const push = (key: string, fact: Fact): void => {
    const found = open.get(key);
    const act = found instanceof Push ? found : new Push(fact);
    open.goOn(key, act, fact);
    if (act.hasEnded) open.finish(key);
  };
  const pull = (key: string, fact: Fact): void => {
    const found = open.get(key);
    const isOn = found instanceof Pull && !found.isAnother(fact);
    if (!isOn) open.finish(key);
    open.goOn(key, isOn ? found : new Pull(fact), fact);
  };

  return {
    take: (fact) => {
      const kind = ACT_OF[fact.kind];
      if (kind === 'push') push(keyOf(kind, fact), fact);
      else if (kind === 'pull') pull(keyOf(kind, fact), fact);
      else if (fact.kind === 'delete' || fact.kind === 'reload' || fact.kind === 'expiry')
        write(single(fact));
      else {
        const key = repeatedKey(fact);
        open.goOn(key, open.get(key) ?? new RepeatedEvent(fact), fact);
      }
    },
    due: (at) => open.due(at),
    end: (keys, busy) => {
      for (const key of keys) if (!busy.has(key)) open.finish(key);
    },
    endAll: () => {
      for (const key of open.keys()) open.finish(key);
    },
  };
}

/** What is done by one request, or by none. */
function single(fact: Fact): AuditEvent {
  const { kind, isDone, rule, status, reason } = fact;
  const result = isDone ? 'done' : 'failed';
  const part = fact.action && { part: fact.action };
  if (kind === 'reload') return { ...opening('reload', result, fact), reason, ...part };
  if (kind === 'expiry') {
    return { ...opening('expiry', isDone ? 'ended' : 'near', fact), token: fact.token, reason, ...part };
  }
  return {
    ...opening('delete', result, fact),
    tag: fact.tags?.[0],
    digest: fact.digest,
    ms: Math.round(fact.ms),
    rule,
    status: isDone ? undefined : status,
  };
}
