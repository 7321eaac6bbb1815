import { z } from 'zod';
import { optionMeta } from './fields.ts';
import { schema } from './schema.ts';

/** The JSON Schema of registry-gate.yml, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    reused: 'inline',
    metadata: optionMeta,
    override: ({ jsonSchema }) => {
      if (jsonSchema['kind'] === 'list') acceptOneAlone(jsonSchema);
      for (const key of ['kind', 'flag', 'fallback', 'secret']) delete jsonSchema[key];
    },
  });
  return { ...json, title: 'registry-gate.yml' };
}

/** A list of one may be written without the list, and a port as a number. */
function acceptOneAlone(json: z.core.JSONSchema.BaseSchema): void {
  const one = (): z.core.JSONSchema.BaseSchema[] => [{ type: 'string' }, { type: 'integer' }];
  json.anyOf = [...one(), { type: 'array', items: { anyOf: one() }, minItems: 1 }];
  delete json.type;
  delete json.items;
  delete json['minItems'];
}
