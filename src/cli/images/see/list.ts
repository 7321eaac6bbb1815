import { Command } from 'commander';
import { isRegistryPart } from '../../../images/name/image-name.ts';
import { platformChoice } from './open-seen.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import { openConnections, type Connections } from '../connection/connections.ts';
import { addListOptions, FILTER_DETAILS, type ListOptions } from './list-options.ts';
import { printRepositories } from './print-repositories.ts';
import { printTags } from './print-tags.ts';

const LIST_DETAILS = `
Without an argument it lists the registry of the configuration here. REGISTRY/NAMESPACE/ lists what is below a namespace.
Registries may keep their catalog to themselves, Docker Hub and GHCR have none: name a repository then.${FILTER_DETAILS}`;

/** `images list`: the repositories of a registry, or the tags of a repository. */
export function listCommand(terminal: Terminal): Command {
  const command = new Command('list')
    .description('List the repositories of a registry, or the tags of a repository or an archive.')
    .argument(
      '[where]',
      'A registry, a repository, or an archive: registry.lan, registry.lan/team/app, oci:DIR',
    )
    .option('--tags', 'Of a registry: count the tags of each repository, and show the newest.')
    .addHelpText('after', LIST_DETAILS);
  addListOptions(command);
  return command.action((where: string | undefined, options: ListOptions) => list(where, options, terminal));
}

/** `images tags`: the tags of a repository. */
export function tagsCommand(terminal: Terminal): Command {
  const command = new Command('tags')
    .description('List the tags of a repository, or the images of an archive, the newest version first.')
    .argument(
      '<repository>',
      'A repository, or an archive: registry.lan/team/app, docker-archive:FILE, oci:DIR',
    )
    .addHelpText('after', FILTER_DETAILS);
  addListOptions(command);
  return command.action(async (repository: string, options: ListOptions) => {
    platformChoice(options);
    const connections = await openConnections(options, terminal);
    try {
      await printTags((await connections.source(repository)).source, options, terminal);
    } finally {
      await connections.close();
    }
  });
}

async function list(where: string | undefined, options: ListOptions, terminal: Terminal): Promise<void> {
  const connections = await openConnections(options, terminal);
  try {
    const registry = registryOf(where, connections);
    if (registry === undefined)
      await printTags((await connections.source(where ?? '')).source, options, terminal);
    else await printRepositories(connections.registry(registry.name), registry.prefix, options, terminal);
  } finally {
    await connections.close();
  }
}

/** Whether an argument is a registry or a namespace of one. Undefined for a repository and an archive. */
function registryOf(
  where: string | undefined,
  { defaultRegistry }: Connections,
): { readonly name: string; readonly prefix: string } | undefined {
  if (where === undefined) return { name: defaultRegistry, prefix: '' };
  if (/^(?:-$|oci:|oci-archive:|docker-archive:)/.test(where)) return undefined;
  const slash = where.indexOf('/');
  const first = slash < 0 ? where : where.slice(0, slash);
  const isNamed = isRegistryPart(first);
  if (slash < 0) return isNamed ? { name: where, prefix: '' } : undefined;
  if (!where.endsWith('/')) return undefined;
  return isNamed ? { name: first, prefix: where.slice(slash + 1) } : { name: defaultRegistry, prefix: where };
}
