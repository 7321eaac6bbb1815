import { Command } from 'commander';
import { isRegistryPart, isTag, parseImageName } from '../../images/name/image-name.ts';
import { openConnections, type Connections } from '../images/connection/connections.ts';
import type { ConnectionOptions } from '../images/connection/connection-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { NAMES_COMMAND } from './command-facts.ts';

/** How long somebody who pressed Tab waits, in milliseconds. */
const PATIENCE_MS = 3000;
/** More than anybody looks through. */
const MOST_NAMES = 500;
/** What begins the name of an archive. */
const ARCHIVES = ['docker-archive:', 'oci-archive:', 'oci:'];

/**
 * `complete-names KIND WORD -- WORDS...`, for the scripts of `completion`: prints the names of images or repositories that
 * begin with the word, one a line. It asks the registry with the stored sign-in, for three seconds at most, and prints
 * nothing where anything fails. All it prints is letters that no shell takes for anything else.
 */
export function completeNamesCommand(terminal: Terminal): Command {
  return new Command(NAMES_COMMAND)
    .argument('<kind>')
    .argument('<word>')
    .argument('[words...]')
    .action(async (kind: string, word: string, words: readonly string[]) => {
      const late = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
      await Promise.race([printNames(terminal, { kind, word, words }).catch(() => undefined), late]);
    });
}

interface Asked {
  readonly kind: string;
  readonly word: string;
  /** What else was typed. */
  readonly words: readonly string[];
}

async function printNames(terminal: Terminal, { kind, word, words }: Asked): Promise<void> {
  const isImage = kind === 'image';
  if (isImage) for (const archive of ARCHIVES) if (archive.startsWith(word)) terminal.out(`${archive}\n`);
  const quiet: Terminal = { ...terminal, err: () => undefined, isTTY: false };
  const connections = await openConnections(connectionOptions(words), quiet);
  try {
    let count = 0;
    for await (const name of namesFor(word, isImage, connections)) {
      if (!isName(name)) continue;
      terminal.out(`${name}\n`);
      count += 1;
      if (count === MOST_NAMES) break;
    }
  } finally {
    await connections.close();
  }
}

/** The options of the line so far that say how to reach a registry; none that would ask for a password. */
function connectionOptions(words: readonly string[]): ConnectionOptions {
  const valueOf = (name: string): string | undefined =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ??
    (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  const ca = valueOf('--ca');
  const authFile = valueOf('--auth-file');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(authFile === undefined ? {} : { authFile }),
    ...(words.includes('--plain-http') ? { plainHttp: true } : {}),
  };
}

async function* namesFor(word: string, isImage: boolean, connections: Connections): AsyncGenerator<string> {
  const slash = word.indexOf('/');
  const isNamed = slash > 0 && isRegistryPart(word.slice(0, slash));
  const registry = isNamed ? word.slice(0, slash) : connections.defaultRegistry;
  const prefix = isNamed ? `${registry}/` : '';
  const rest = word.slice(prefix.length);
  if (!isNamed && `${registry}/`.startsWith(word)) yield `${registry}/`;
  const colon = rest.indexOf(':');
  if (colon < 0) yield* repositories(registry, prefix, rest, connections);
  else if (isImage) yield* tags(registry, prefix, rest, connections);
}

async function* repositories(
  registry: string,
  prefix: string,
  begun: string,
  connections: Connections,
): AsyncGenerator<string> {
  // Docker Hub has no catalog.
  if (registry === 'docker.io') return;
  for await (const name of connections.registry(registry).listRepositories())
    if (name.startsWith(begun)) yield `${prefix}${name}`;
}

async function* tags(
  registry: string,
  prefix: string,
  rest: string,
  connections: Connections,
): AsyncGenerator<string> {
  const [repository = '', begun = ''] = rest.split(':');
  const { repository: name } = parseImageName(`${registry}/${repository}`);
  for await (const tag of connections.registry(registry).repository(name).listTags())
    if (tag.startsWith(begun) && isTag(tag)) yield `${prefix}${repository}:${tag}`;
}

/** A hostile registry tells names that a shell would run. What is no name is not shown. */
function isName(text: string): boolean {
  if (/^[\w.[\]:-]+\/$/.test(text)) return true;
  try {
    parseImageName(text, 'localhost');
    return /^[\w./:[\]-]+$/.test(text);
  } catch {
    return false;
  }
}
