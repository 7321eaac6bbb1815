import { randomBytes } from 'node:crypto';
import { checkClock } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';

/** Returns that many random bytes. */
export type RandomSource = (size: number) => Buffer;

/** The validity period of a certificate. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A day, in milliseconds. */
export const DAY = 86_400_000;
/** Lifetimes in days: default and maximum of a leaf (Apple refuses more), default and maximum of a CA. */
export const LIFETIME = { leaf: 90, leafMost: 397, authority: 3650, authorityMost: 36_500 } as const;

/** The lifetime of a leaf in days, if none was asked for: as long as clients accept if the gate can't renew it by itself. */
export function lifetimeOf({ isRenewed }: { readonly isRenewed: boolean }): number {
  return isRenewed ? LIFETIME.leaf : LIFETIME.leafMost;
}

const BACK_DATED = 3_600_000;

/** A validity period of that many days. It begins an hour ago, for clients whose clock is slow; both ends are inclusive (RFC 5280 section 4.1.2.5). Throws AppError CLOCK_WRONG. */
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

/** Returns `days`. Throws AppError USAGE unless it is a whole number from 1 to `most`. */
export function checkDays(days: number, most: number, option: string): number {
  if (Number.isInteger(days) && days >= 1 && days <= most) return days;
  throw new AppError('USAGE', {
    message: `${option} takes a whole number of days from 1 to ${most}.`,
    hint:
      most === LIFETIME.leafMost ? 'Some clients refuse server certificates that last longer.' : undefined,
  });
}
