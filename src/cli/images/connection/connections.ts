import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import type { OpenArchiveOptions } from '../../../images/archive/open-archive.ts';
import { createCredentialFinder } from '../../../images/credentials/find-credential.ts';
import { openRegistry } from '../../../images/client/open-registry.ts';
import { manifestReference, parseRegistryName, type ImageName } from '../../../images/name/image-name.ts';
import { readCertsDirectories } from '../../../images/trust/certs-directories.ts';
import type { Trust } from '../../../images/trust/trust.ts';
import { parseLocation, type Location } from '../../../images/name/location.ts';
import type { ImageSource, Registry, Repository } from '../../../images/store.ts';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { parseCertificates } from '../../../pki/x509/certificate-file.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { readCredential } from './read-credential.ts';
import type { OwnGate } from './configured-gate.ts';
import { findOwnGate } from './default-registry.ts';

/** The image that was named, and where. */
interface Named {
  /** A tag, a digest or, in an archive, a full name. `latest` where a name of a registry states none. */
  readonly reference: string | undefined;
  readonly location: Location;
}

export type OpenedSource = Named & { readonly source: ImageSource };

/** Opens what the arguments of a command name. Each registry is connected to once. */
export interface Connections {
  /** The registry of names that state none. */
  readonly defaultRegistry: string;
  /** Opens a place to read images from. Throws AppError IMAGE_NAME_INVALID. */
  source(text: string): Promise<OpenedSource>;
  /** Opens a repository of a registry. Throws AppError IMAGE_NAME_INVALID. */
  repository(image: Pick<ImageName, 'registry' | 'repository'>): Repository;
  /** Opens a registry by its host. Throws AppError IMAGE_NAME_INVALID. */
  registry(name: string): Registry;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Reads what the options and the configuration here say of registries. `signal` ends all that is asked of them, and the
 * reading of standard input. Throws AppError USAGE, CONFIG_INVALID, FILE_UNREADABLE.
 */
export async function openConnections(
  options: ConnectionOptions,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<Connections> {
  const own = await findOwnGate(terminal);
  const registries = await createRegistries(options, { terminal, own, signal });
  const defaultRegistry = own?.registry ?? 'docker.io';
  const repositoryOf: Connections['repository'] = ({ registry, repository }) =>
    registries.open(registry).repository(repository);
  return {
    defaultRegistry,
    registry: registries.open,
    repository: repositoryOf,
    async source(text) {
      const location = parseLocation(text, defaultRegistry);
      if (location.kind === 'registry')
        return {
          source: repositoryOf(location.image),
          reference: manifestReference(location.image),
          location,
        };
      const { openArchive } = await import('../../../images/archive/open-archive.ts');
      const source = await openArchive(location, {
        ...inputOf(location, options, terminal),
        ...(signal === undefined ? {} : { signal }),
      });
      return { source, reference: referenceOf(location), location };
    },
    close: registries.close,
  };
}

interface Registries {
  open(name: string): Registry;
  close(): Promise<void>;
}

interface Surroundings {
  readonly terminal: Terminal;
  readonly own: OwnGate | undefined;
  readonly signal: AbortSignal | undefined;
}

async function createRegistries(
  options: ConnectionOptions,
  { terminal, own, signal }: Surroundings,
): Promise<Registries> {
  const said = await readCredential(options, terminal);
  const authorities = options.ca === undefined ? [] : [await readAuthority(options.ca)];
  const folders = { home: terminal.env['HOME'] ?? homedir(), env: terminal.env };
  const stored = createCredentialFinder({ ...folders, authFile: options.authFile, signal });
  const opened = new Map<string, Registry>();
  const trustIn = async (name: string): Promise<Trust> => {
    const found = await readCertsDirectories(name, folders);
    return { ...found, authorities: [...authorities, ...ownAuthority(own, name), ...found.authorities] };
  };
  return {
    open(text) {
      const name = parseRegistryName(text);
      const known = opened.get(name);
      if (known !== undefined) return known;
      if (said !== undefined && opened.size > 0) throw oneUserOnly([...opened.keys(), name]);
      const registry = openRegistry({
        name,
        isPlain: options.plainHttp === true || options.plainHttpFor?.includes(name) === true,
        credential: async (_name, repository) => said ?? stored(name, repository),
        trust: () => trustIn(name),
        signal,
      });
      opened.set(name, registry);
      return registry;
    },
    close: async () => void (await Promise.all([...opened.values()].map((one) => one.close()))),
  };
}

function referenceOf(location: Exclude<Location, { kind: 'registry' }>): string | undefined {
  return location.kind === 'stream' ? undefined : location.reference;
}

function inputOf(
  { kind }: Location,
  { passwordStdin }: ConnectionOptions,
  terminal: Terminal,
): OpenArchiveOptions {
  if (kind !== 'stream') return {};
  if (passwordStdin === true)
    throw new AppError('USAGE', {
      message: 'Standard input can hold the archive or the password, not both.',
      hint: 'Name the archive as a file, or sign in with docker login first.',
    });
  const input = terminal.input?.();
  return input === undefined ? {} : { input };
}

function ownAuthority(own: OwnGate | undefined, registry: string): readonly string[] {
  return own?.authority !== undefined && own.owns(registry) ? [own.authority] : [];
}

async function readAuthority(path: string): Promise<string> {
  const pem = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new AppError('FILE_UNREADABLE', {
      message: `${path} can't be read (${systemCode(error) ?? String(error)}).`,
      hint: 'Name a PEM file with a CA certificate: --ca FILE',
      cause: error,
    });
  });
  parseCertificates(pem, path);
  return pem;
}

/** A password is for one registry: the other one must not learn it. */
function oneUserOnly(names: readonly string[]): AppError {
  return new AppError('USAGE', {
    message: `--user is for one registry, but these are several: ${names.join(', ')}.`,
    hint: 'Sign in to each with docker login or podman login, and leave out --user.',
  });
}
