import { z } from 'zod';
import { optionMeta } from './schema/fields.ts';
import { schema } from './schema/schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Keys that annotate a rule. */
const REMARKS = ['description', 'default'];

/** The JSON Schema of registry-gate.yml, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    reused: 'inline',
    metadata: optionMeta,
    override: ({ jsonSchema, path }) => {
      const { kind } = jsonSchema;
      for (const key of ['kind', 'flag', 'fallback', 'secret']) delete jsonSchema[key];
      if (kind === 'list') acceptOneAlone(jsonSchema);
      const isGroup = jsonSchema.type === 'object' && path.length > 0;
      if (kind !== undefined || isGroup) acceptNothing(jsonSchema);
    },
  });
  return { ...json, title: 'registry-gate.yml' };
}

/** A list of one may be written without the list, and a port as a number. */
function acceptOneAlone(json: JsonSchema): void {
  const one = (): JsonSchema[] => [{ type: 'string' }, { type: 'integer' }];
  json.anyOf = [...one(), { type: 'array', items: { anyOf: one() }, minItems: 1 }];
  delete json.type;
  delete json.items;
  delete json['minItems'];
}

/** A key without a value counts as not written. */
function acceptNothing(json: JsonSchema): void {
  if (json.anyOf === undefined) {
    const rule = Object.entries(json).filter(([key]) => !REMARKS.includes(key));
    for (const [key] of rule) delete json[key];
    json.anyOf = [Object.fromEntries(rule)];
  }
  json.anyOf.push({ type: 'null' });
}
