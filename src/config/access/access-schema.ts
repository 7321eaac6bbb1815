import { z } from 'zod';
import { oneOf, saying } from '../schema/fields.ts';

/** A list of one item may be written as the item alone. */
function listOf<T extends z.ZodType>(item: T, what: string) {
  return z.preprocess(
    (value) => (typeof value === 'string' && value !== '' ? [value] : value),
    z
      .array(item, {
        error: ({ input }) => (isEmpty(input) ? NOTHING : `must be ${what}, or a list of them`),
      })
      .min(1, { error: NOTHING }),
  );
}

const NOTHING = 'is empty: add a value, or remove the key';

function isEmpty(value: unknown): boolean {
  return value === '' || value === null;
}

function text(what: string) {
  const error = saying(`must be ${what}`);
  return z.string({ error }).min(1, { error });
}

const WHO = 'a user, group:NAME, token:NAME, authenticated or anonymous';

/** One rule of the access file. */
export const ruleSchema = z.strictObject({
  who: listOf(text(WHO), WHO).meta({
    description:
      'Who gets the rights: alice, group:dev, token:ci, authenticated or anonymous; one, or a list.',
  }),
  repositories: listOf(text('a pattern, like team/**'), 'a pattern, like team/**').meta({
    description:
      'Patterns of repository names: * is any text within one part of a name, ** any number of parts, ${user} the name of the user, a leading ! excludes.',
  }),
  allow: listOf(oneOf(['pull', 'push', 'delete']), 'pull, push or delete').meta({
    description: 'What the rule allows.',
  }),
  networks: listOf(text('a network, like 10.0.0.0/8'), 'a network, like 10.0.0.0/8')
    .optional()
    .meta({ description: 'Addresses and networks of the clients. Default: all.' }),
});

/** The members of one group. */
export const groupSchema = listOf(text('the name of a user'), 'the name of a user').meta({
  description: 'The users of the group.',
});

const OWNER = 'a user, or group:NAME';

/** Who owns the gate. */
export const ownersSchema = listOf(text(OWNER), OWNER).meta({
  description:
    'Who sees the users, the activity and the health of the gate on its web pages: alice, group:ops; one, or a list. Default: nobody.',
});

/** One test case of the file. */
export const expectSchema = text('a sentence, like "alice may push team/app"');

/** The whole access file, for its JSON Schema. Reading uses the parts one by one, so that one problem does not hide the next. */
export const accessSchema = z.strictObject({
  groups: z.record(z.string(), groupSchema).optional().meta({ description: 'Groups of users, by name.' }),
  owners: ownersSchema.optional(),
  rules: z.array(ruleSchema).min(1).meta({
    description: 'The rules. Rights add up; what no rule allows is denied.',
  }),
  expect: listOf(expectSchema, 'a sentence').optional().meta({
    description:
      'Test cases: "alice may push team/app", "anonymous may not pull secret/x", "ci-bot may pull x from 10.0.0.1". If one fails, the previous rules stay in force.',
  }),
});
