const DAY = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { h: DAY / 24, d: DAY, w: 7 * DAY };
const LONGEST_MS = 3650 * DAY;
/** How long before the end of a token the warnings begin. */
const WARN_MS = 14 * DAY;

/** Parses `90d`, `12h`, `26w` or `never` to milliseconds, null for never. Undefined for any other text, and beyond ten years. */
export function parseLifetime(text: string): number | null | undefined {
  if (text === 'never') return null;
  const match = /^(\d{1,6})([hdw])$/.exec(text);
  const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? Number.NaN);
  return ms > 0 && ms <= LONGEST_MS ? ms : undefined;
}

/** The part of a machine token that says when it ends. */
interface Ending {
  readonly id: string;
  readonly name: string;
  readonly expires: string | null;
}

/** Returns a sentence for the log, the list and the `Warning` header, from 14 days before the end; undefined before that. */
export function expiryWarning({ id, name, expires }: Ending, now: number): string | undefined {
  if (expires === null) return undefined;
  const left = Date.parse(expires) - now;
  if (left > WARN_MS) return undefined;
  const token = `token ${id} of ${name}`;
  if (left <= 0) return `${token} ended on ${expires.slice(0, 10)}`;
  const days = Math.floor(left / DAY);
  const when = days === 0 ? 'within a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
  return `${token} ends ${when}, on ${expires.slice(0, 10)}`;
}

/**
 * Returns the value of a `Warning` header (distribution-spec, "Warnings": 299, a dash as the agent, a quoted text without
 * control characters), which podman and containerd show to their user. Characters outside ASCII become `?`.
 */
export function warningHeader(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`);
  return `299 - "${plain}"`;
}
