import { readFile } from 'node:fs/promises';
import { openRegistry } from '../../../images/client/open-registry.ts';
import type { Credential } from '../../../images/credentials/credential.ts';
import { manifestReference, parseRegistryName } from '../../../images/name/image-name.ts';
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
  const authorities = options.ca === undefined ? [] : [await readAuthority(options.ca)];
  const registries = new Map<string, Registry>();
  const defaultRegistry = own?.registry ?? 'docker.io';

  const registry = (text: string): Registry => {
    const name = parseRegistryName(text);
    const known = registries.get(name);
    if (known !== undefined) return known;
    const opened = openRegistry({
      name,
      isPlain: options.plainHttp === true,
      credential: async () => said,
      trust: async () => ({ authorities: [...authorities, ...ownAuthority(own, name)] }),
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

function noArchive(text: string): AppError {
  return new AppError('USAGE', {
    message: `${JSON.stringify(text)} is an archive, and this works on registries alone.`,
    hint: 'Name an image of a registry: registry.lan/team/app:1.0',
  });
}
