import type { z } from 'zod';
import { expectSchema, groupSchema, ownersSchema, ruleSchema } from './access-schema.ts';
import { readYamlTree, type YamlTree } from './access-yaml.ts';
import { unknownKey } from '../closest.ts';
import type { Problem } from '../problem.ts';

/** A text of the access file, and its position. */
interface Located {
  readonly text: string;
  /** `rules[2].who[0]` */
  readonly path: string;
  /** `access.yml:14` */
  readonly where: string;
}

/** One rule, as written in the file. */
interface AccessRule {
  /** `rules[2]` */
  readonly path: string;
  /** The position of its first line, by which logs and explanations name the rule. */
  readonly where: string;
  readonly who: readonly Located[];
  readonly repositories: readonly Located[];
  readonly allow: readonly ('pull' | 'push' | 'delete')[];
  /** Empty for every network. */
  readonly networks: readonly Located[];
}

interface AccessGroup {
  readonly name: string;
  readonly path: string;
  readonly where: string;
  readonly members: readonly Located[];
}

/** The content of the access file. The policy checks whether it makes sense. */
interface AccessFile {
  readonly groups: readonly AccessGroup[];
  readonly owners: readonly Located[];
  readonly rules: readonly AccessRule[];
  readonly expect: readonly Located[];
}

/** The well-formed parts, and the problems of the others, so that all problems are reported at once. */
interface AccessReading {
  readonly file: AccessFile;
  readonly problems: readonly Problem[];
}

const SECTIONS = ['groups', 'owners', 'rules', 'expect'] as const;
const EMPTY: AccessFile = { groups: [], owners: [], rules: [], expect: [] };

type Path = readonly (string | number)[];

/** Reads the text of an access file (YAML 1.2; every value is a text). Positions are given as `fileName:LINE`. */
export function readAccessFile(fileName: string, text: string): AccessReading {
  const outcome = readYamlTree(fileName, text);
  if (!outcome.ok) return { file: EMPTY, problems: outcome.problems };
  const problems: Problem[] = [];
  const reader: Reader = { tree: outcome.tree, problems };
  const root = outcome.tree.value;
  if (!isRecord(root)) {
    const reason = 'the file must hold the key "rules", and may hold "groups", "owners" and "expect"';
    return { file: EMPTY, problems: [{ path: '', reason, where: `${fileName}:1` }] };
  }
  for (const key of Object.keys(root)) {
    if (!SECTIONS.some((section) => section === key)) report(reader, [key], unknownKey(key, SECTIONS));
  }
  return {
    file: {
      groups: readGroups(reader, root['groups']),
      owners: readOwners(reader, root['owners']),
      rules: readRules(reader, root['rules']),
      expect: readExpect(reader, root['expect']),
    },
    problems: withoutTwins(problems),
  };
}

/** An empty list violates two rules, and is reported once. */
function withoutTwins(problems: readonly Problem[]): Problem[] {
  return problems.filter(
    ({ path, reason }, at) => problems.findIndex((it) => it.path === path && it.reason === reason) === at,
  );
}

interface Reader {
  readonly tree: YamlTree;
  readonly problems: Problem[];
}

function readGroups(reader: Reader, value: unknown): AccessGroup[] {
  if (value === undefined) return [];
  if (!isRecord(value) || Object.keys(value).length === 0) {
    report(reader, ['groups'], 'must hold groups with their users, like "dev: [alice, bob]"');
    return [];
  }
  return Object.entries(value).map(([name, members]): AccessGroup => {
    const at = ['groups', name];
    const names = accept(reader, { schema: groupSchema, value: members, at }) ?? [];
    return { name, ...place(reader, at), members: locate(reader, at, names) };
  });
}

function readOwners(reader: Reader, value: unknown): Located[] {
  if (value === undefined) return [];
  return locate(reader, ['owners'], accept(reader, { schema: ownersSchema, value, at: ['owners'] }) ?? []);
}

function readRules(reader: Reader, value: unknown): AccessRule[] {
  if (!Array.isArray(value) || value.length === 0) {
    report(reader, ['rules'], 'must hold at least one rule: without a rule, everything is denied');
    return [];
  }
  return value.flatMap((item: unknown, index): AccessRule[] => {
    const at = ['rules', index];
    const rule = accept(reader, { schema: ruleSchema, value: item, at });
    if (rule === undefined) return [];
    return [
      {
        ...place(reader, at),
        who: locate(reader, [...at, 'who'], rule.who),
        repositories: locate(reader, [...at, 'repositories'], rule.repositories),
        allow: rule.allow,
        networks: locate(reader, [...at, 'networks'], rule.networks ?? []),
      },
    ];
  });
}

function readExpect(reader: Reader, value: unknown): Located[] {
  if (value === undefined) return [];
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (items.length === 0) report(reader, ['expect'], 'is empty: add a value, or remove the key');
  return items.flatMap((item, index): Located[] => {
    const at = ['expect', index];
    const text = accept(reader, { schema: expectSchema, value: item, at });
    return text === undefined ? [] : [{ text, ...place(reader, at) }];
  });
}

/** Parses a value. Reports its problems and returns undefined if it does not match the schema. */
function accept<T>(
  reader: Reader,
  { schema, value, at }: { readonly schema: z.ZodType<T>; readonly value: unknown; readonly at: Path },
): T | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const path = [...at, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
    if (issue.code !== 'unrecognized_keys')
      report(reader, path, messageOf(issue.message, value, issue.path[0]));
    else {
      for (const key of issue.keys)
        report(reader, [...path, key], unknownKey(key, Object.keys(ruleSchema.shape)));
    }
  }
  return undefined;
}

/** Replaces the message of zod about an absent key. */
function messageOf(message: string, value: unknown, step: PropertyKey | undefined): string {
  if (step === undefined && message.startsWith('Invalid input'))
    return 'must hold the keys who, repositories and allow';
  const isAbsent = typeof step === 'string' && isRecord(value) && value[step] === undefined;
  return isAbsent ? message.replace('must be', 'is missing: it must be') : message;
}

function report(reader: Reader, path: Path, reason: string): void {
  reader.problems.push({ reason, ...place(reader, path) });
}

function locate(reader: Reader, at: Path, texts: readonly string[]): Located[] {
  return texts.map((text, index) => ({ text, ...place(reader, [...at, index]) }));
}

function place({ tree }: Reader, path: Path): { readonly path: string; readonly where: string } {
  const [first = '', ...rest] = path;
  const steps = rest.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
  return { path: `${first}${steps.join('')}`, where: tree.where(path) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
