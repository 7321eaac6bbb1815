import { stringify } from 'yaml';

/** Renders values as the documents of a YAML file. Texts of several lines keep their lines. */
export function renderYaml(documents: readonly unknown[]): string {
  return documents
    .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}
