import { z } from 'zod';

// Every value of the file is a text when it is checked: a tag 1.10 must not become the number 1.1.

// `kind` in the meta data says what a key is in YAML, for the schema of editors.

const PARTS = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const PREFIX = /^[a-z0-9][a-z0-9._/-]{0,200}$/;
const HOST = /^[A-Za-z0-9.[\]:-]{1,255}$/;

function text(pattern: RegExp, what: string) {
  return z.string({ error: `must be ${what}` }).regex(pattern, { error: `must be ${what}` });
}

function texts(what: string, pattern = /^.{1,300}$/s) {
  const one = text(pattern, what);
  return z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z
      .array(one, { error: `must be ${what}, or a list of them` })
      .min(1, { error: 'is empty: add a value, or remove the key' }),
  );
}

const yesOrNo = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((value) => value === 'true')
  .meta({ kind: 'boolean' });

const count = text(/^[1-9]\d{0,6}$/, 'a whole number from 1 on')
  .transform(Number)
  .meta({ kind: 'integer' });

const common = {
  platform: texts('a platform, like linux/amd64', /^[\w.-]+(?:\/[\w.-]+){0,2}$/)
    .optional()
    .meta({
      kind: 'texts',
      description:
        'Copy these platforms of an index alone, which is a new index. Default: all, byte for byte.',
    }),
  referrers: yesOrNo.optional().meta({
    kind: 'boolean',
    description: 'Copy signatures, SBOMs and other referrers too. Default: false.',
  }),
  prune: yesOrNo.optional().meta({
    kind: 'boolean',
    description: 'Remove tags from the target that the plan does not take. Default: false.',
  }),
  newest: count.optional().meta({
    kind: 'integer',
    description: 'Take this many of the tags, in the order of versions, the newest first. Default: all.',
  }),
  exclude: texts('a glob, like *-rc*')
    .optional()
    .meta({ kind: 'texts', description: 'Globs of tags that are not taken.' }),
};

const repository = text(PARTS, 'the name of a repository, like team/app');

/** One entry of `repositories`. */
export const syncRepositorySchema = z.strictObject(
  {
    name: repository.meta({ description: 'The repository in the registry that is read.' }),
    to: repository.optional().meta({
      description: 'Its name in the registry that is written. Default: the same, after the prefix.',
    }),
    tags: texts('a glob, like 1.*').optional().meta({
      kind: 'texts',
      description: 'Globs of tags. Default, without versions: all tags.',
    }),
    versions: text(/^.{1,256}$/, 'a range of versions, like >=1.2 <2')
      .optional()
      .meta({ description: 'Also tags in this range of semantic versions, as npm writes ranges.' }),
    ...common,
  },
  { error: 'must be the name of a repository, or hold the key name' },
);

/** The whole plan of `images sync`. */
export const syncSchema = z.strictObject(
  {
    from: text(HOST, 'the host of a registry, like docker.io').meta({
      description: 'The registry that is read: its host, and port if there is one.',
    }),
    to: text(HOST, 'the host of a registry, like registry.lan').meta({
      description: 'The registry that is written.',
    }),
    prefix: text(PREFIX, 'the beginning of a name, like mirror/')
      .optional()
      .meta({ description: 'What stands before the names in the registry that is written: mirror/.' }),
    ...common,
    repositories: z
      .array(
        z.preprocess((value) => (typeof value === 'string' ? { name: value } : value), syncRepositorySchema),
        { error: 'must be a list of repositories' },
      )
      .min(1, { error: 'must name at least one repository' })
      .meta({
        description: 'What is mirrored: a name for all its tags, or a name with what is taken of it.',
      }),
  },
  { error: 'must hold the keys from, to and repositories' },
);
