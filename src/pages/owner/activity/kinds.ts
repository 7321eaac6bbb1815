/** What the reader may choose to see of the audit log. */
export const KINDS = ['acts', 'push', 'pull', 'delete', 'refused', 'sign-in', 'token', 'gate'] as const;
export type Kind = (typeof KINDS)[number];

type Wants = (event: string, result: string) => boolean;

const REFUSED: ReadonlySet<string> = new Set(['login wrong', 'token wrong', 'denial denied']);
const OF_THE_GATE: ReadonlySet<string> = new Set(['reload', 'expiry', 'owner', 'log']);

/** Which lines each kind shows. Clients get tokens all the time: those lines are shown on request alone. */
export const WANTS: Readonly<Record<Kind, Wants>> = {
  acts: (event, result) => event !== 'log' && !(event === 'token' && result === 'issued'),
  push: (event) => event === 'push',
  pull: (event) => event === 'pull',
  delete: (event) => event === 'delete',
  refused: (event, result) => REFUSED.has(`${event} ${result}`),
  'sign-in': (event) => event === 'login' || event === 'logout',
  token: (event) => event === 'token',
  gate: (event) => OF_THE_GATE.has(event),
};

/** Spans of time, in milliseconds; `all` has no beginning. */
export const SPANS = ['all', 'hour', 'day', 'week', 'month'] as const;
export type Span = (typeof SPANS)[number];

const HOUR = 3_600_000;
export const SPAN_MS: Readonly<Record<Span, number | undefined>> = {
  all: undefined,
  hour: HOUR,
  day: 24 * HOUR,
  week: 7 * 24 * HOUR,
  month: 30 * 24 * HOUR,
};
