import type { z } from 'zod';
import { readYamlTree, type YamlTree } from '../access/access-yaml.ts';
import { unknownKey } from '../closest.ts';
import type { Problem } from '../problem.ts';
import { syncRepositorySchema, syncSchema } from './sync-schema.ts';

/** What is mirrored of one repository, with the defaults of the file. */
export interface SyncRepository {
  readonly source: string;
  readonly target: string;
  readonly tags: readonly string[];
  readonly versions: string | undefined;
  readonly exclude: readonly string[];
  readonly newest: number | undefined;
  /** `linux/amd64`; empty for all. */
  readonly platforms: readonly string[];
  readonly referrers: boolean;
  readonly prune: boolean;
  /** `plan.yml:7`. */
  readonly where: string;
}

/** The plan of `images sync`. */
export interface SyncFile {
  readonly from: string;
  readonly to: string;
  readonly repositories: readonly SyncRepository[];
}

type SyncReading =
  | { readonly ok: true; readonly file: SyncFile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Path = readonly (string | number)[];

/** Reads the text of a plan (YAML 1.2; every value is a text). Positions are given as `fileName:LINE`. */
export function readSyncFile(fileName: string, text: string): SyncReading {
  const outcome = readYamlTree(fileName, text);
  if (!outcome.ok) return { ok: false, problems: outcome.problems };
  const { tree } = outcome;
  const parsed = syncSchema.safeParse(tree.value);
  if (!parsed.success) return { ok: false, problems: problemsOf(parsed.error, tree) };
  const { from, to, repositories } = parsed.data;
  const rules = repositories.map((it, at) => ruleOf(parsed.data, it, tree.where(['repositories', at])));
  return { ok: true, file: { from, to, repositories: rules } };
}

type Parsed = z.output<typeof syncSchema>;

type Entry = Parsed['repositories'][number];

function ruleOf(file: Parsed, own: Entry, where: string): SyncRepository {
  const { name, to, tags = [], versions } = own;
  const target = to ?? `${file.prefix ?? ''}${name}`;
  return { source: name, target, tags, versions, ...commonOf(file, own), where };
}

/** What a repository does not say, the file says for all. */
function commonOf(
  file: Parsed,
  own: Entry,
): Pick<SyncRepository, 'exclude' | 'newest' | 'platforms' | 'referrers' | 'prune'> {
  const { exclude = file.exclude, newest = file.newest, platform = file.platform } = own;
  const { referrers = file.referrers, prune = file.prune } = own;
  return {
    exclude: exclude ?? [],
    newest,
    platforms: platform ?? [],
    referrers: referrers === true,
    prune: prune === true,
  };
}

function problemsOf(error: z.ZodError, tree: YamlTree): readonly Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    if (issue.code !== 'unrecognized_keys')
      return [problem(tree, path, reasonOf(tree.value, path, issue.message))];
    const names = Object.keys(path.length === 0 ? syncSchema.shape : syncRepositorySchema.shape);
    return issue.keys.map((key) => problem(tree, [...path, key], unknownKey(key, names)));
  });
}

/** A key that is not there is called missing. */
function reasonOf(root: unknown, path: Path, message: string): string {
  const holder = path.slice(0, -1).reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), root);
  const isMissing = path.length > 0 && isRecord(holder) && holder[path.at(-1) ?? ''] === undefined;
  return isMissing ? message.replace(/^must be/, 'is missing: it must be') : message;
}

function isRecord(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null;
}

function problem(tree: YamlTree, path: Path, reason: string): Problem {
  const [first = '', ...rest] = path;
  const steps = rest.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
  return { path: `${first}${steps.join('')}`, reason, where: tree.where(path) };
}
