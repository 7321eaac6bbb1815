import { randomBytes } from 'node:crypto';
import { checkClock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';

/** Returns so many random bytes. */
export type RandomSource = (size: number) => Buffer;

/** From when until when a certificate holds. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A day, in milliseconds. */
export const DAY = 86_400_000;
/** Days: what a leaf gets, the most that a leaf may get (Apple refuses more), what a CA gets and may get. */
export const LIFETIME = { leaf: 90, leafMost: 397, authority: 3650, authorityMost: 36_500 } as const;

const BACK_DATED = 3_600_000;

/** So many days, counted from an hour ago so that a client whose clock is slow agrees; both ends belong to it (RFC 5280 section 4.1.2.5). Throws AppError CLOCK_WRONG. */
export function validityFrom(now: Date, days: number): Validity {
  checkClock(now);
  const start = Math.floor((now.getTime() - BACK_DATED) / 1000) * 1000;
  return { notBefore: new Date(start), notAfter: new Date(start + days * DAY - 1000) };
}

/** 128 bits, positive and in the shortest form: the first two bits are 01, the others random (RFC 5280 section 4.1.2.2). */
export function serialNumber(random: RandomSource = randomBytes): Buffer {
  const bytes = Buffer.from(random(16));
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes;
}

/** The number of days, or AppError USAGE where it is no whole number from 1 to `most`. */
export function checkDays(days: number, most: number, option: string): number {
  if (Number.isInteger(days) && days >= 1 && days <= most) return days;
  throw new AppError('USAGE', {
    message: `${option} takes a whole number of days from 1 to ${most}.`,
    hint:
      most === LIFETIME.leafMost ? 'Some clients refuse server certificates that last longer.' : undefined,
  });
}
