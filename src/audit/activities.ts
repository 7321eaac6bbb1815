import { ACTIVITY_OF, keyOf } from './activity.ts';
import { firstFields, type AuditEvent } from './event.ts';
import type { Fact, FactKind } from './fact.ts';
import { RepeatedEvent, repeatedKey } from './repeated-event.ts';
import { OpenActivities } from './open-activities.ts';
import { Pull } from './pull.ts';
import { Push } from './push.ts';

interface ActivitiesOptions {
  readonly write: (event: AuditEvent) => void;
  /** Memory for open activities, in bytes. Beyond it, the one idle for the longest time is written as it is. */
  readonly maxBytes?: number;
}

/** Some 20,000 pulls of images with a few layers. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Groups facts into activities. Its only clock is that of the facts. */
export interface Activities {
  add(fact: Fact): void;
  /** Returns the keys of activities that have been idle for long enough at this time. */
  due(at: number): readonly string[];
  /** Ends these, except those in `busy`, of which a request is still in progress. */
  end(keys: readonly string[], busy: ReadonlySet<string>): void;
  /** Ends all activities. */
  endAll(): void;
}

export function createActivities({ write, maxBytes = MAX_BYTES }: ActivitiesOptions): Activities {
  const open = new OpenActivities(write, maxBytes);

  const push = (key: string, fact: Fact): void => {
    const found = open.get(key);
    const activity = found instanceof Push ? found : new Push(fact);
    open.add(key, activity, fact);
    if (activity.hasEnded) open.finish(key);
  };
  const pull = (key: string, fact: Fact): void => {
    const found = open.get(key);
    const isOn = found instanceof Pull && !found.isAnother(fact);
    if (!isOn) open.finish(key);
    open.add(key, isOn ? found : new Pull(fact), fact);
  };

  return {
    add: (fact) => {
      const kind = ACTIVITY_OF[fact.kind];
      if (kind === 'push') push(keyOf(kind, fact), fact);
      else if (kind === 'pull') pull(keyOf(kind, fact), fact);
      else if (STANDALONE.has(fact.kind)) write(standalone(fact));
      else {
        const key = repeatedKey(fact);
        open.add(key, open.get(key) ?? new RepeatedEvent(fact), fact);
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

const STANDALONE: ReadonlySet<FactKind> = new Set(['delete', 'reload', 'expiry', 'owner']);

/** Returns the event of a fact that stands alone. */
function standalone(fact: Fact): AuditEvent {
  const { kind, isDone, rule, status, reason } = fact;
  const result = isDone ? 'done' : 'failed';
  const part = fact.action && { part: fact.action };
  if (kind === 'reload') return { ...firstFields('reload', result, fact), reason, ...part };
  if (kind === 'expiry') {
    return { ...firstFields('expiry', isDone ? 'ended' : 'near', fact), token: fact.token, reason, ...part };
  }
  if (kind === 'owner') {
    const { action, target, token } = fact;
    return { ...firstFields('owner', result, fact), action, target, token };
  }
  return {
    ...firstFields('delete', result, fact),
    tag: fact.tags?.[0],
    digest: fact.digest,
    ms: Math.round(fact.ms),
    rule,
    status: isDone ? undefined : status,
  };
}
