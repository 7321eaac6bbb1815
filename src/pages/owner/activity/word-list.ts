import type { Kind, Span } from './kinds.ts';

/** The words of the page, in one language. */
export interface ActivityWords {
  readonly title: string;
  readonly kind: string;
  readonly kinds: Readonly<Record<Kind, string>>;
  readonly user: string;
  readonly repository: string;
  readonly repositoryHint: string;
  readonly span: string;
  readonly spans: Readonly<Record<Span, string>>;
  readonly show: string;
  readonly when: string;
  readonly what: string;
  readonly who: string;
  readonly from: string;
  readonly onWhat: string;
  readonly details: string;
  /** By event and result; by event alone where the result adds nothing. */
  readonly events: Readonly<Record<string, string>>;
  readonly actions: Readonly<Record<string, string>>;
  readonly anonymous: string;
  /** What came of the layers of a push, by the name that the audit log has for it. */
  readonly layers: Readonly<Record<string, (count: string) => string>>;
  readonly requests: (count: string) => string;
  readonly older: string;
  readonly newest: string;
  readonly searchOn: string;
  readonly none: string;
  readonly searchedPart: string;
  readonly compressed: string;
  readonly offTitle: string;
  readonly off: string;
  readonly toOutput: string;
  readonly pushes: string;
  readonly pushesHint: string;
  readonly noPushes: string;
  readonly signIns: string;
  readonly signInsHint: string;
  readonly noSignIns: string;
  readonly signedInWith: Readonly<Record<'browser' | 'device', string>>;
  readonly unreadable: (path: string, code: string) => string;
  readonly lockouts: string;
  readonly lockoutsHint: string;
  readonly noLockouts: string;
  readonly unthrottled: string;
  readonly unknownLockouts: string;
  readonly unknownName: string;
  readonly tokens: string;
  readonly everybody: string;
  readonly everywhere: string;
  readonly wrong: string;
  readonly blockedFor: string;
  readonly notBlocked: string;
  readonly seconds: (count: string) => string;
  readonly unlock: string;
  readonly unlockOf: (who: string) => string;
  readonly unlocked: (count: string) => string;
}
