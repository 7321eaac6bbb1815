import { isReferrerTag } from '../../images/tags/referrer-tags.ts';
import { html, type Html } from './html.ts';
import type { Language } from './language.ts';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Making one takes longer than hundreds of uses, and a page may have thousands of sizes. */
const FORMATS: Readonly<Record<Language, ReturnType<typeof formatsOf>>> = {
  en: formatsOf('en'),
  ko: formatsOf('ko'),
};

function formatsOf(language: Language) {
  return {
    counts: new Intl.NumberFormat(language),
    sizes: UNITS.map((unit) => sizeFormat(unit, language)),
    ages: new Intl.RelativeTimeFormat(language, { numeric: 'auto' }),
  };
}

function sizeFormat(unit: string, language: Language): Intl.NumberFormat {
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumSignificantDigits: 3,
  });
}

/** A size as people read it, in powers of 1,000 as docker prints them: `12.3 MB`. */
export function formatSize(bytes: number, language: Language): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 would be shown as 1000.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  // Korean writes `byte` out, however narrow, and no space before a unit.
  if (unit === 0) return `${formatCount(Math.round(value), language)}${language === 'ko' ? '' : ' '}B`;
  return FORMATS[language].sizes[unit]?.format(value) ?? '';
}

export function formatCount(count: number, language: Language): string {
  return FORMATS[language].counts.format(count);
}

/** Seconds in each unit, the largest first. */
const AGES = [
  ['year', 31_556_952],
  ['month', 2_629_746],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** How long ago something was: `3 days ago`; `now` within the last minute. */
export function formatAge(at: number, now: number, language: Language): string {
  const format = FORMATS[language].ages;
  const seconds = (at - now) / 1000;
  const fit = AGES.find(([, length]) => Math.abs(seconds) >= length);
  return fit === undefined ? format.format(0, 'second') : format.format(Math.trunc(seconds / fit[1]), fit[0]);
}

/** A moment (milliseconds since 1970) as an age, with the exact time in UTC for whoever points at it. */
export function renderAge(at: number, now: number, language: Language): Html {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return html``;
  const exact = date.toISOString().replace(/\.\d+Z$/, 'Z');
  return html`<time datetime="${exact}" title="${exact.replace('T', ' ').replace('Z', ' UTC')}"
    >${formatAge(at, now, language)}</time
  >`;
}

/** How much of a hex digest tells it apart, as docker shows it. */
const SHORT_HEX = 12;

/** A digest, shortened to look at, whole to copy. */
export function renderDigest(digest: string): Html {
  const colon = digest.indexOf(':');
  const short = digest.slice(colon + 1, colon + 1 + SHORT_HEX);
  return html`<code class="digest" title="${digest}">${short}</code>`;
}

/** A tag as it is shown: of one that stands for what belongs to an image, the digest is shortened, the ending is not. */
export function shortTag(tag: string): string {
  if (!isReferrerTag(tag)) return tag;
  const end = tag.indexOf('.');
  return `${tag.slice(0, tag.indexOf('-') + 1 + SHORT_HEX)}…${end < 0 ? '' : tag.slice(end)}`;
}
