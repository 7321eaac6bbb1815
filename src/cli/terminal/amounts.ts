const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Renders bytes as `docker image history` does, in powers of 1000 and three digits: `0B`, `5.59MB`, `1.2GB`. */
export function renderSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))}${UNITS[unit] ?? ''}`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** Renders how long ago a moment was, as docker does (docker/go-units: HumanDuration): `3 weeks ago`. Empty if it is unknown. */
export function renderAge(moment: number | undefined, now: number): string {
  if (moment === undefined || Number.isNaN(moment)) return '';
  const seconds = Math.floor(Math.max(0, now - moment) / 1000);
  return `${seconds < HOUR ? shortSpan(seconds) : longSpan(Math.round(seconds / HOUR))} ago`;
}

function shortSpan(seconds: number): string {
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < MINUTE) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / MINUTE);
  return minutes === 1 ? 'About a minute' : `${minutes} minutes`;
}

function longSpan(hours: number): string {
  const days = Math.floor(hours / 24);
  if (hours === 1) return 'About an hour';
  if (days < 2) return `${hours} hours`;
  if (days < 14) return `${days} days`;
  if (days < 60) return `${Math.floor(days / 7)} weeks`;
  return days < 730 ? `${Math.floor(days / 30)} months` : `${Math.floor(days / 365)} years`;
}
