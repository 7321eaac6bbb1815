import type { Fact } from './fact.ts';

/** What stands in the audit log: acts of clients, and of the gate itself (`reload`, `expiry`, `log`). */
export type EventName =
  | 'push'
  | 'pull'
  | 'delete'
  | 'login'
  | 'denial'
  | 'token'
  | 'reload'
  | 'expiry'
  | 'log';

export const EVENTS: readonly EventName[] = [
  'push',
  'pull',
  'delete',
  'login',
  'denial',
  'token',
  'reload',
  'expiry',
  'log',
];

/** One line. What does not apply is left out. */
export interface AuditEvent {
  /** When the last request of it ended, in UTC. */
  readonly time: string;
  readonly event: EventName;
  /** `done`, `incomplete`, `failed`, `denied`, `wrong`, `issued`, `revoked`, ... */
  readonly result: string;
  /** Id of its first request, as in the log. */
  readonly id?: string | undefined;
  readonly user?: string | undefined;
  readonly signedInBy?: string | undefined;
  readonly address?: string | undefined;
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
  readonly digest?: string | undefined;
  readonly action?: string | undefined;
  /** How many manifests: more than one where there are several platforms. */
  readonly manifests?: number | undefined;
  readonly layers?: Readonly<Record<string, number>> | undefined;
  /** Body bytes of all its requests. */
  readonly bytes?: number | undefined;
  /** From the beginning of its first request to the end of its last. */
  readonly ms?: number | undefined;
  /** Id of a machine's or device's token that was made or revoked. */
  readonly token?: string | undefined;
  readonly rule?: string | undefined;
  readonly status?: number | undefined;
  readonly reason?: string | undefined;
  /** How many requests stand in this line. */
  readonly requests?: number | undefined;
  readonly [more: string]: unknown;
}

/** Who and where, as every line of a client begins. */
export function opening(event: EventName, result: string, fact: Fact, last: Fact = fact): AuditEvent {
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

/** From the beginning of one to the end of the other, in milliseconds. */
export function span(first: Fact, last: Fact): number {
  return Math.max(0, Math.round(last.at - (first.at - first.ms)));
}
