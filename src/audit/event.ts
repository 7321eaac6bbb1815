import type { Fact } from './fact.ts';

/** The events of the audit log: activities of clients, and those of the gate itself (`reload`, `expiry`, `log`). */
export type EventName =
  | 'push'
  | 'pull'
  | 'delete'
  | 'login'
  | 'logout'
  | 'denial'
  | 'token'
  | 'reload'
  | 'expiry'
  | 'owner'
  | 'log';

export const EVENTS: readonly EventName[] = [
  'push',
  'pull',
  'delete',
  'login',
  'logout',
  'denial',
  'token',
  'reload',
  'expiry',
  'owner',
  'log',
];

/** One line. Fields that do not apply are absent. */
export interface AuditEvent {
  /** When its last request ended, in UTC. */
  readonly time: string;
  readonly event: EventName;
  /** `done`, `incomplete`, `failed`, `denied`, `wrong`, `issued`, `revoked`, ... */
  readonly result: string;
  /** The id of its first request, as in the log. */
  readonly id?: string | undefined;
  readonly user?: string | undefined;
  readonly signedInBy?: string | undefined;
  readonly address?: string | undefined;
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
  readonly action?: string | undefined;
  /** The number of manifests: more than one for several platforms. */
  readonly manifests?: number | undefined;
  readonly layers?: Readonly<Record<string, number>> | undefined;
  /** Body bytes of all its requests. */
  readonly bytes?: number | undefined;
  /** From the beginning of its first request to the end of its last. */
  readonly ms?: number | undefined;
  /** The id of a machine's or device's token that was created or revoked. */
  readonly token?: string | undefined;
  /** The user or network that an owner did something for. */
  readonly target?: string | undefined;
  readonly rule?: string | undefined;
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
  /** How many requests the line stands for. */
  readonly requests?: number | undefined;
  readonly [more: string]: unknown;
}

/** Returns the first fields of every line. */
export function firstFields(event: EventName, result: string, fact: Fact, last: Fact = fact): AuditEvent {
  return {
    time: new Date(last.time).toISOString(),
    event,
    result,
    id: fact.id,
    user: fact.user,
    signedInBy: fact.by ?? (result === 'wrong' || fact.address === undefined ? undefined : 'anonymous'),
    address: fact.address,
    repository: fact.repository,
  };
}

/** Returns the time from the beginning of the first to the end of the last, in milliseconds. */
export function span(first: Fact, last: Fact): number {
  return Math.max(0, Math.round(last.at - (first.at - first.ms)));
}
