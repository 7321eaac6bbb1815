import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { createCredentialFinder } from '../../../images/credentials/find-credential.ts';
import { openRegistry } from '../../../images/client/open-registry.ts';
import type { Credential } from '../../../images/credentials/credential.ts';
import { manifestReference, parseRegistryName } from '../../../images/name/image-name.ts';
import { readCertsDirectories } from '../../../images/trust/certs-directories.ts';
import { parseLocation, type Location } from '../../../images/name/location.ts';
import type { ImageSource, ImageTarget, Registry, Repository } from '../../../images/store.ts';
import { AppError, systemCode } from '../../../lib/errors.ts';
import { printable } from '../../../lib/printable.ts';
import { Secret } from '../../../lib/secret.ts';
import { parseCertificates } from '../../../pki/x509/certificate-file.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { findOwnGate, type OwnGate } from './default-registry.ts';

/** The image that was named, and where. */
interface Named {
  /** A tag, a digest or, in an archive, a full name. `latest` where a name of a registry states none. */
  readonly reference: string | undefined;
  readonly location: Location;
}

export type OpenedSource = Named & { readonly source: ImageSource };
export type OpenedTarget = Named & { readonly target: ImageTarget };

/** Opens what the arguments of a command name. Each registry is connected to once. */
export interface Connections {
  /** The registry of names that state none. */
  readonly defaultRegistry: string;
  /** Opens a place to read images from. Throws AppError IMAGE_NAME_INVALID. */
  source(text: string): Promise<OpenedSource>;
  /** Opens a place to write images to. Throws AppError IMAGE_NAME_INVALID. */
  target(text: string): Promise<OpenedTarget>;
  /** Opens a registry by its host. Throws AppError IMAGE_NAME_INVALID. */
  registry(name: string): Registry;
  /** Ends all connections. */
  close(): Promise<void>;
}

/**
 * Reads what the options and the configuration here say of registries. Throws AppError USAGE, CONFIG_INVALID,
 * FILE_UNREADABLE.
 */
export async function openConnections(options: ConnectionOptions, terminal: Terminal): Promise<Connections> {
  const own = await findOwnGate(terminal);
  const said = await credentialOf(options, terminal);
  const folders = { home: terminal.env['HOME'] ?? homedir(), env: terminal.env };
  const stored = createCredentialFinder(folders, options.authFile);
  const authorities = options.ca === undefined ? [] : [await readAuthority(options.ca)];
  const registries = new Map<string, Registry>();
  const defaultRegistry = own?.registry ?? 'docker.io';

  const registry = (text: string): Registry => {
    const name = parseRegistryName(text);
    const known = registries.get(name);
    if (known !== undefined) return known;
    if (said !== undefined && registries.size > 0) throw oneUserOnly([...registries.keys(), name]);
    const opened = openRegistry({
      name,
      isPlain: options.plainHttp === true || options.plainHttpFor?.includes(name) === true,
      credential: async (registry, repository) => said ?? stored(registry, repository),
      trust: async () => {
        const found = await readCertsDirectories(name, folders);
        const all = [...authorities, ...ownAuthority(own, name), ...found.authorities];
        return { ...found, authorities: all };
      },
    });
    registries.set(name, opened);
    return opened;
  };
  const open = (text: string): Named & { readonly repository: Repository } => {
    const location = parseLocation(text, defaultRegistry);
    if (location.kind !== 'registry') throw noArchive(text);
    const { image } = location;
    const repository = registry(image.registry).repository(image.repository);
    return { repository, reference: manifestReference(image), location };
  };
  return {
    defaultRegistry,
    registry,
    async source(text) {
      const { repository: source, ...named } = open(text);
      return { source, ...named };
    },
    async target(text) {
      const { repository: target, ...named } = open(text);
      return { target, ...named };
    },
    close: async () => void (await Promise.all([...registries.values()].map((one) => one.close()))),
  };
}

function ownAuthority(own: OwnGate | undefined, registry: string): readonly string[] {
  return own?.authority !== undefined && own.owns(registry) ? [own.authority] : [];
}

async function credentialOf(
  { user, passwordStdin }: ConnectionOptions,
  terminal: Terminal,
): Promise<Credential | undefined> {
  if (user === undefined) {
    if (passwordStdin !== true) return undefined;
    throw new AppError('USAGE', {
      message: '--password-stdin needs a name.',
      hint: 'Name the user: --user NAME --password-stdin',
    });
  }
  const password = await readPassword(user, passwordStdin === true, terminal);
  return { kind: 'password', user, password: new Secret(password) };
}

async function readPassword(user: string, isInput: boolean, terminal: Terminal): Promise<string> {
  // One line end belongs to the line, not to the password, as in docker.
  if (isInput) return (await terminal.readStdin()).toString('utf8').replace(/\r?\n$/, '');
  if (terminal.isTTY) return terminal.askSecret(`Password of ${printable(user)}: `);
  throw new AppError('USAGE', {
    message: '--user needs a password, and there is no terminal to ask for it.',
    hint: 'Send it on standard input: --user NAME --password-stdin',
  });
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

function noArchive(text: string): AppError {
  return new AppError('USAGE', {
    message: `${JSON.stringify(text)} is an archive, and this works on registries alone.`,
    hint: 'Name an image of a registry: registry.lan/team/app:1.0',
  });
}
