import { InvalidArgumentError } from 'commander';
import { matchesPlatform, parsePlatform, type Platform } from '../../../images/model/platform.ts';
import { matchesGlob } from '../../../images/tags/glob.ts';
import type { TagSummary } from '../../../images/view/summarize-tag.ts';
import { AppError } from '../../../lib/errors.ts';

/** What `--filter` says. All must hold; of several with the same key one must. */
export interface Filters {
  /** Whether a repository or tag may be shown, by its name alone. */
  matchesName(name: string): boolean;
  /** Whether an image may be shown. */
  matchesImage(summary: TagSummary): boolean;
  /** Whether `matchesImage` looks at anything. */
  readonly needsImage: boolean;
}

export interface Filter {
  readonly key: 'name' | 'platform' | 'before' | 'since' | 'label';
  readonly test: (text: string) => boolean;
  readonly image: (summary: TagSummary) => boolean;
}

const KEYS: readonly string[] = ['tag', 'repository', 'name', 'platform', 'before', 'since', 'label'];
const DAY = 86_400_000;
const SPANS: Readonly<Record<string, number>> = { h: 3_600_000, d: DAY, w: 7 * DAY };
const never = (): boolean => true;

/** Parses one `--filter`, for commander. */
export function parseFilter(text: string, before: readonly Filter[] = []): readonly Filter[] {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  const [, key = 'name', value = text] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  // No name of a tag or a repository holds this sign, so what is misspelt would match nothing.
  if (!KEYS.includes(key)) throw new InvalidArgumentError(`The filters are GLOB, ${KEYS.join('=, ')}=.`);
  return [...before, makeFilter(key, value)];
}

function makeFilter(key: string, value: string): Filter {
  switch (key) {
    case 'platform': {
      const asked = parsePlatform(value);
      const image = ({ platforms }: TagSummary): boolean =>
        platforms.some((platform) => runsOn(asked, platform));
      return { key, test: never, image };
    }
    case 'before':
    case 'since': {
      const moment = parseMoment(value);
      const image = ({ created }: TagSummary): boolean => {
        const at = created === undefined ? NaN : Date.parse(created);
        return key === 'before' ? at < moment : at >= moment;
      };
      return { key, test: never, image };
    }
    case 'label': {
      const equals = value.indexOf('=');
      const name = equals < 0 ? value : value.slice(0, equals);
      const glob = value.slice(equals + 1);
      const image = ({ labels }: TagSummary): boolean =>
        Object.hasOwn(labels, name) && (equals < 0 || matchesGlob(labels[name] ?? '', glob));
      return { key, test: never, image };
    }
    default:
      return { key: 'name', test: (text) => matchesGlob(text, value), image: never };
  }
}

/** Whether a platform that an image states is that which was asked for. What is no platform is another one. */
function runsOn(asked: Platform, stated: string): boolean {
  try {
    return matchesPlatform(asked, parsePlatform(stated));
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/** `2025-03-01`, a moment of RFC 3339, or `30d` ago, in milliseconds. */
function parseMoment(text: string): number {
  const [, count, unit] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return Date.now() - Number(count) * (SPANS[unit] ?? 0);
  const moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(moment))
    throw new InvalidArgumentError(
      'A moment is like 2025-03-01, 2025-03-01T12:00:00Z, or 30d, 12h or 2w ago.',
    );
  return moment;
}

/** Combines filters. */
export function combineFilters(filters: readonly Filter[]): Filters {
  const groups = [...new Set(filters.map(({ key }) => key))].map((key) =>
    filters.filter((it) => it.key === key),
  );
  return {
    matchesName: (name) => groups.every((group) => group.some(({ test }) => test(name))),
    matchesImage: (summary) => groups.every((group) => group.some(({ image }) => image(summary))),
    needsImage: filters.some(({ key }) => key !== 'name'),
  };
}
