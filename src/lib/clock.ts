import { AppError } from './errors.ts';

/** No release of this program is older. A clock that shows an earlier time was never set, as on a board without a battery. */
const EARLIEST = new Date('2026-01-01T00:00:00Z');

/**
 * Refuses to make something whose beginning or end depends on the clock while the clock is certainly wrong: clients
 * would take it for not yet valid, or for expired. Throws AppError CLOCK_WRONG.
 */
export function checkClock(now: Date): void {
  if (now >= EARLIEST) return;
  throw new AppError('CLOCK_WRONG', {
    message: `The clock of this machine says ${now.toISOString()}, which is before this program was made: what is made now would not be valid for anybody.`,
    hint: "Set the clock (timedatectl set-ntp true, or date -s 'YYYY-MM-DD HH:MM'), then run the same command again.",
  });
}
