import { z } from 'zod';
import { accessSchema } from './access-schema.ts';

/** The JSON Schema of the access file, for editors: docs/access.schema.json. */
export function accessJsonSchema(): Readonly<Record<string, unknown>> {
  const json = z.toJSONSchema(accessSchema, {
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema, path }) => {
      const isList = jsonSchema.type === 'array' && path.at(-1) !== 'rules';
      if (!isList || jsonSchema.items === undefined) return;
      const { items } = jsonSchema;
      Object.assign(jsonSchema, { anyOf: [items, { type: 'array', items, minItems: 1 }] });
      delete jsonSchema.type;
      delete jsonSchema.items;
      delete jsonSchema['minItems'];
    },
  });
  return { ...json, title: 'access.yml' };
}
