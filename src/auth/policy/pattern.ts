import { isRepository } from '../../oci/grammar.ts';
import { coversSequence, matchesSequence, overlapsSequence } from './sequence.ts';

/** A pattern of repository names, taken apart. */
export interface Pattern {
  readonly text: string;
  /** One for each component; `**` stands for any number of them, `$` within one for the name of the user. */
  readonly parts: readonly string[];
  /** The first component, where it is plain text: what rules are found by. */
  readonly first: string | undefined;
  readonly namesUser: boolean;
}

export type PatternOutcome =
  | { readonly ok: true; readonly pattern: Pattern }
  /** Why it is none, as the end of "it ...". */
  | { readonly ok: false; readonly reason: string };

/** A repository that is asked for. */
export interface Name {
  readonly components: readonly string[];
  /** What `${user}` stands for: undefined for who is no user, or whose name is no component of a repository name. */
  readonly user: string | undefined;
}

const LONGEST = 512;
const USER = '${user}';
const MANY = '**';
/** Stands for the user within a component; no name of a repository holds it. */
const USER_MARK = '$';

/**
 * Reads a pattern, without the `!` that may stand before it. Anchored at both ends; `*` is any text within a component,
 * `**` any number of components (at least one where it ends the pattern), `${user}` the user name, all else is literal.
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

/** What is wrong with a pattern, a leading `!` included, as the end of "it ..."; undefined if nothing is. */
export function findPatternProblem(text: string): string | undefined {
  const outcome = parsePattern(text.startsWith('!') ? text.slice(1) : text);
  return outcome.ok ? undefined : outcome.reason;
}

/** What no pattern may be, `${user}` being written as `u`; the first that is true is the reason. */
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

/** One `**` in a row, and of one that ends the pattern a `*` after it: at least one component. */
function normalize(written: readonly string[]): string[] {
  const parts = written.filter((part, at) => part !== MANY || written[at - 1] !== MANY);
  return parts.at(-1) === MANY ? [...parts, '*'] : parts;
}

/** What a pattern is asked about; `user` counts where it is a single component of a name, and else stands for nothing. */
export function nameOf(repository: string, user: string | undefined): Name {
  const isComponent = user !== undefined && !user.includes('/') && isRepository(user);
  return { components: repository.split('/'), user: isComponent ? user : undefined };
}

/** Whether the whole name is what the pattern says. */
export function matchesPattern(pattern: Pattern, { components, user }: Name): boolean {
  if (!pattern.namesUser) return matchesParts(pattern.parts, components);
  if (user === undefined) return false;
  // The name of a component holds no `*`, so nothing in it can act as one.
  const parts = pattern.parts.map((part) => part.replaceAll(USER_MARK, () => user));
  return matchesParts(parts, components);
}

/** The last part is never a `**`, and both are anchored: most patterns are done with after one look. */
function matchesParts(parts: readonly string[], components: readonly string[]): boolean {
  const isLastAlike = matchesPart(parts.at(-1) ?? '', components.at(-1) ?? '');
  return isLastAlike && matchesSequence(parts, components, isMany, matchesPart);
}

/** Whether every name that `b` matches is certainly matched by `a`, for one and the same asker. */
export function coversPattern(a: Pattern, b: Pattern): boolean {
  return (
    areEndsAlike(a, b, coversPart) && coversSequence(a.parts, b.parts, { isGap: isMany, one: coversPart })
  );
}

/** Whether some name may be matched by both; false is certain. */
export function overlapsPattern(a: Pattern, b: Pattern): boolean {
  return (
    areEndsAlike(a, b, overlapsPart) &&
    overlapsSequence(a.parts, b.parts, { isGap: isMany, one: overlapsPart })
  );
}

/** Both are anchored, and the last part is never a `**`: most pairs are done with after this. */
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
