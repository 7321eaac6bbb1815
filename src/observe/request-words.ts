import { printable } from '../lib/printable.ts';

/** The fields of a line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The requests of one pull arrive within this time, in milliseconds. */
const PULL_MS = 10_000;
const MOST_REMEMBERED = 1000;
/** Statuses of requests that clients make routinely. They refuse nothing. */
const USUAL = new Set([401, 404, 416]);
const INTERRUPTIONS: Readonly<Record<string, string>> = {
  'client-left': 'the client left in the middle',
  cut: 'it was cut off in the middle',
};

/**
 * Returns a function that describes a request in words, or returns undefined if another line covers it. A pull is
 * several requests: the first one that gets a manifest is described.
 */
export function createRequestDescriber(): (fields: LogFields) => string | undefined {
  const pulls = createMemory();
  const tags = createMemory();
  return (fields) => {
    const time = Date.parse(printable(fields['time']));
    const key = [fields['user'], fields['address'], fields['repository']].map(printable).join('\n');
    const status = Number(fields['status']);
    if (status >= 400) return describeRefusal(fields, status);
    if (fields['action'] === undefined) return describeSession(fields);
    if (fields['outcome'] !== 'complete') return describeInterruption(fields);
    const verb = VERBS[`${printable(fields['method'])} ${printable(fields['kind'])}`];
    if (verb === 'asked for') {
      // Clients request the tag by HEAD and then its manifest by digest.
      if (!isDigest(fields)) tags.set(key, time, printable(fields['reference']));
      return undefined;
    }
    if (verb !== 'pulled') return verb === undefined ? undefined : describeAction(verb, fields);
    if (pulls.get(key, time) !== undefined) return undefined;
    pulls.set(key, time, '');
    const tag = tags.get(key, time);
    return describeAction(verb, tag === undefined ? fields : { ...fields, reference: tag });
  };
}

const SESSION_WORDS: Readonly<Record<string, string>> = {
  began: 'signed in to the pages',
  ended: 'signed out of the pages',
};
const VERBS: Readonly<Record<string, string>> = {
  'PUT manifest': 'pushed',
  'GET manifest': 'pulled',
  'HEAD manifest': 'asked for',
  'DELETE manifest': 'deleted',
  'DELETE blob': 'deleted',
};

function describeAction(verb: string, fields: LogFields): string {
  return `${whoOf(fields)} ${verb} ${imageOf(fields)}`;
}

function describeRefusal(fields: LogFields, status: number): string | undefined {
  const reason = printable(fields['reason']) || printable(fields['error']) || `status ${status}`;
  if (fields['failedLogin'] !== undefined) return `refused ${printable(fields['address'])}: ${reason}`;
  if (USUAL.has(status)) return undefined;
  const verb = status >= 500 ? 'failed' : 'refused';
  return `${verb} ${whoOf(fields)}: ${taskOf(fields)}: ${reason}`;
}

/** Describes a browser that signed in or out. */
function describeSession(fields: LogFields): string | undefined {
  const what = SESSION_WORDS[printable(fields['session'])];
  return what && `${whoOf(fields)} ${what}`;
}

/** Describes a transfer that was interrupted. */
function describeInterruption(fields: LogFields): string | undefined {
  const end = INTERRUPTIONS[printable(fields['outcome'])];
  return end && `${whoOf(fields)}: ${taskOf(fields)}: ${end}`;
}

function whoOf({ user, address }: LogFields): string {
  return `${printable(user) || 'anonymous'} (${printable(address)})`;
}

function taskOf(fields: LogFields): string {
  const { action, method, path } = fields;
  return action === undefined
    ? `${printable(method)} ${printable(path)}`.trim()
    : `${printable(action)} ${imageOf(fields)}`.trim();
}

/** `team/app:1.2`, or `team/app@sha256:0123456789ab`. */
function imageOf(fields: LogFields): string {
  const repository = printable(fields['repository']);
  const reference = printable(fields['reference']);
  if (reference === '') return repository;
  return isDigest(fields)
    ? `${repository}@${reference.replace(/^(\w+:\w{12})\w*$/, '$1')}`
    : `${repository}:${reference}`;
}

function isDigest({ reference }: LogFields): boolean {
  return printable(reference).includes(':');
}

interface Memory {
  /** Returns what was set for a key recently. */
  get(key: string, now: number): string | undefined;
  set(key: string, now: number, value: string): void;
}

/** Evicts the oldest entries. */
function createMemory(): Memory {
  const kept = new Map<string, { readonly at: number; readonly value: string }>();
  return {
    get: (key, now) => {
      const found = kept.get(key);
      return found !== undefined && now - found.at < PULL_MS ? found.value : undefined;
    },
    set: (key, now, value) => {
      kept.delete(key);
      kept.set(key, { at: now, value });
      const [oldest] = kept.keys();
      if (kept.size > MOST_REMEMBERED && oldest !== undefined) kept.delete(oldest);
    },
  };
}
