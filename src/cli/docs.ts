import { join } from 'node:path';
import { Command } from 'commander';
import { accessJsonSchema } from '../config/access/access-json-schema.ts';
import { configJsonSchema } from '../config/json-schema.ts';
import { syncJsonSchema } from '../config/sync/sync-json-schema.ts';
import { describeOptions } from '../config/options.ts';
import { renderConfigReference } from '../config/reference.ts';
import { writeFileAtomic } from '../lib/files/atomic-file.ts';
import { renderMetricsReference } from '../observe/metrics/reference.ts';
import { renderCommandReference } from './command-reference.ts';
import { renderManPage } from './man-page.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `docs`, for this repository: writes the references that are generated from the sources. */
export function docsCommand(terminal: Terminal, createTree: () => Promise<Command>): Command {
  return new Command('docs')
    .option('--out <DIR>', 'The directory to write to.', 'docs')
    .action(async ({ out }: { readonly out: string }) => {
      for (const [name, text] of renderReferences(await createTree())) {
        await writeFileAtomic(join(out, name), text, { mode: 0o644 });
        terminal.err(`wrote ${join(out, name)}\n`);
      }
    });
}

/** The generated references by their file names. Redirects the output of the commands, so it needs a tree of its own. */
export function renderReferences(tree: Command): ReadonlyMap<string, string> {
  return new Map([
    ['configuration.md', renderConfigReference(describeOptions())],
    ['cli.md', renderCommandReference(tree)],
    ['registry-gate.1', renderManPage(tree)],
    ['metrics.md', renderMetricsReference()],
    ['access.schema.json', `${JSON.stringify(accessJsonSchema(), undefined, 2)}\n`],
    ['sync.schema.json', `${JSON.stringify(syncJsonSchema(), undefined, 2)}\n`],
    ['registry-gate.schema.json', `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`],
  ]);
}
