import { z } from 'zod';
import { syncSchema } from './sync-schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The JSON Schema of a plan of `images sync`, for editors: docs/sync.schema.json. */
export function syncJsonSchema(): Readonly<Record<string, unknown>> {
  const json = z.toJSONSchema(syncSchema, {
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema, path }) => {
      const { kind } = jsonSchema;
      delete jsonSchema['kind'];
      if (kind === 'boolean' || kind === 'integer') become(jsonSchema, { type: kind });
      if (kind === 'integer') jsonSchema['minimum'] = 1;
      if (kind === 'texts')
        become(jsonSchema, { anyOf: [...TEXT, { type: 'array', items: { anyOf: TEXT }, minItems: 1 }] });
      if (path.at(-1) === 'items' && jsonSchema.type === 'object') alsoText(jsonSchema);
    },
  });
  return { ...json, title: 'plan.yml' };
}

/** A tag such as 1.10 may be written without quotes: every value is read as a text. */
const TEXT: JsonSchema[] = [{ type: 'string' }, { type: 'number' }];

/** Replaces all but the description. */
function become(json: JsonSchema, rule: JsonSchema): void {
  const { description } = json;
  for (const key of Object.keys(json)) delete json[key];
  Object.assign(json, rule, description === undefined ? {} : { description });
}

/** An entry may be the name alone. */
function alsoText(json: JsonSchema): void {
  const whole = { ...json };
  become(json, { anyOf: [{ type: 'string' }, whole] });
}
