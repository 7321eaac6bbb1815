import { isRepository } from '../../oci/request/route.ts';
import { coversSequence, matchesSequence, overlapsSequence } from './sequence.ts';

/** A parsed pattern of repository names. */
export interface Pattern {
  readonly text: string;
  /** One for each component. `**` stands for any number of components, `$` within one for the user's name. */
  readonly parts: readonly string[];
  /** The first component if it is plain text. The rule index uses it as key. */
  readonly first: string | undefined;
  readonly namesUser: boolean;
}

type PatternOutcome =
  | { readonly ok: true; readonly pattern: Pattern }
  /** Why the pattern is invalid, as the end of "it ...". */
  | { readonly ok: false; readonly reason: string };

/** A repository that a request names. */
export interface Name {
  readonly components: readonly string[];
  /** What `${user}` stands for; undefined for tokens and anonymous clients, and for names that can't be a component. */
  readonly user: string | undefined;
}

const LONGEST = 512;
const USER = '${user}';
const MANY = '**';
/** Stands for the user within a component. No repository name holds it. */
const USER_MARK = '$';

/**
 * Parses a pattern without a leading `!`. It is anchored at both ends. `*` is any text within a component, `**` any
 * number of components (at least one at the end), `${user}` the user's name; anything else is literal.
 */
export function parsePattern(text: string): PatternOutcome {
  const reason = findFormProblem(text);
  if (reason !== undefined) return { ok: false, reason };
  const parts = normalize(text.replaceAll(USER, () => USER_MARK).split('/'));
  const sample = parts.filter((part) => part !== MANY).map((part) => part.replaceAll(/[*$]+/g, 'a'));
  if (!isRepository(sample.join('/'))) {
    return { ok: false, reason: 'matches no name that a repository can have (like team/app-1.x)' };
  }
  const first = parts[0] ?? '';
  const isPlain = !/[*$]/.test(first);
  return {
    ok: true,
    pattern: { text, parts, first: isPlain ? first : undefined, namesUser: text.includes(USER) },
  };
}

/**
 * Returns why a pattern, with or without a leading `!`, is invalid, as the end of "it ..."; undefined if it is valid.
 */
export function findPatternProblem(text: string): string | undefined {
  const outcome = parsePattern(text.startsWith('!') ? text.slice(1) : text);
  return outcome.ok ? undefined : outcome.reason;
}

/** Faults of a pattern in which `${user}` is written as `u`. The first that applies is the reason. */
const FORM_RULES: readonly (readonly [isBroken: (bare: string) => boolean, reason: string])[] = [
  [(bare) => bare === '', 'is empty'],
  [(bare) => bare.length > LONGEST, `is longer than ${LONGEST} characters`],
  [(bare) => /[${}]/.test(bare), `holds a $ or a brace that is not ${USER}`],
  [(bare) => /^\/|\/\/|\/$/.test(bare), 'has an empty part before, between or after slashes'],
  [(bare) => /[A-Z]/.test(bare), 'has upper case letters, which no repository name has'],
  [
    (bare) => /[^a-z0-9._*/-]/.test(bare),
    'holds a character that no repository name has, and that means nothing in a pattern',
  ],
  [
    (bare) => bare.split('/').some((part) => part !== MANY && part.includes(MANY)),
    'has ** beside other text: ** stands for whole parts, * for text within one',
  ],
];

function findFormProblem(text: string): string | undefined {
  const bare = text.replaceAll(USER, 'u');
  return FORM_RULES.find(([isBroken]) => isBroken(bare))?.[1];
}

/** Collapses repeated `**`, and adds `*` to a `**` at the end, which stands for at least one component. */
function normalize(written: readonly string[]): string[] {
  const parts = written.filter((part, at) => part !== MANY || written[at - 1] !== MANY);
  return parts.at(-1) === MANY ? [...parts, '*'] : parts;
}

/** Returns the name to match. `user` counts only if it is a single component. */
export function nameOf(repository: string, user: string | undefined): Name {
  const isComponent = user !== undefined && !user.includes('/') && isRepository(user);
  return { components: repository.split('/'), user: isComponent ? user : undefined };
}

/** Reports whether the pattern matches the whole name. */
export function matchesPattern(pattern: Pattern, { components, user }: Name): boolean {
  if (!pattern.namesUser) return matchesParts(pattern.parts, components);
  if (user === undefined) return false;
  // The name of a component holds no `*`, so it can't act as a pattern.
  const parts = pattern.parts.map((part) => part.replaceAll(USER_MARK, () => user));
  return matchesParts(parts, components);
}

/** The last part is never `**` and both are anchored, so most patterns fail at the first comparison. */
function matchesParts(parts: readonly string[], components: readonly string[]): boolean {
  const isLastAlike = matchesPart(parts.at(-1) ?? '', components.at(-1) ?? '');
  return isLastAlike && matchesSequence(parts, components, isMany, matchesPart);
}

/** Reports whether `a` certainly matches every name that `b` matches, for the same client. */
export function coversPattern(a: Pattern, b: Pattern): boolean {
  return (
    areEndsAlike(a, b, coversPart) && coversSequence(a.parts, b.parts, { isGap: isMany, one: coversPart })
  );
}

/** Reports whether some name may match both. False is certain. */
export function overlapsPattern(a: Pattern, b: Pattern): boolean {
  return (
    areEndsAlike(a, b, overlapsPart) &&
    overlapsSequence(a.parts, b.parts, { isGap: isMany, one: overlapsPart })
  );
}

/** Both are anchored and the last part is never `**`, so most pairs are decided here. */
function areEndsAlike(a: Pattern, b: Pattern, one: (left: string, right: string) => boolean): boolean {
  const areFirstsApart = a.first !== undefined && b.first !== undefined && a.first !== b.first;
  return !areFirstsApart && one(a.parts.at(-1) ?? '', b.parts.at(-1) ?? '');
}

function coversPart(left: string, right: string): boolean {
  if (left === right || left === '*') return true;
  return left.includes('*') && coversSequence(left, right, { isGap: isStar, one: isSame });
}

function overlapsPart(left: string, right: string): boolean {
  if (left === right || left === '*' || right === '*') return true;
  const isPlain = !/[*$]/.test(left) && !/[*$]/.test(right);
  return !isPlain && overlapsSequence(left, right, { isGap: isStarOrUser, one: isSame });
}

function matchesPart(part: string, component: string): boolean {
  if (part === '*') return true;
  return part.includes('*') ? matchesSequence(part, component, isStar, isSame) : part === component;
}

function isMany(part: string | undefined): boolean {
  return part === MANY;
}

function isStar(letter: string | undefined): boolean {
  return letter === '*';
}

function isStarOrUser(letter: string | undefined): boolean {
  return letter === '*' || letter === USER_MARK;
}

function isSame(one: string, other: string): boolean {
  return one === other;
}
