import { X509Certificate } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readSmallFile, unreadable } from './small-file.ts';
import type { Trust } from './trust.ts';

/** Where the folders of a user are. */
export interface UserFolders {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** More is no folder of one registry. */
const MOST_FILES = 64;

/**
 * Reads what docker and podman trust for a registry, which stands in a folder of its name: CAs in `*.crt`, and a client
 * certificate in `*.cert` with its key in `*.key` (docker: "Verify repository client with certificates";
 * containers-certs.d(5)). Throws AppError FILE_UNREADABLE.
 */
export async function readCertsDirectories(registry: string, folders: UserFolders): Promise<Trust> {
  const authorities: string[] = [];
  let client: Trust['client'];
  for (const directory of certsDirectories(folders)) {
    const folder = join(directory, registry);
    const names = await namesIn(folder);
    for (const name of names.filter((one) => one.endsWith('.crt'))) {
      const path = join(folder, name);
      const pem = await readSmallFile(path);
      if (pem !== undefined) authorities.push(checked(pem, path));
    }
    client ??= await clientIn(folder, names);
  }
  return { authorities, client };
}

/** The first counts where there can be one only. */
function certsDirectories({ home, env }: UserFolders): readonly string[] {
  const config = env['XDG_CONFIG_HOME'] ?? join(home, '.config');
  return [
    join(config, 'containers/certs.d'),
    '/etc/containers/certs.d',
    join(config, 'docker/certs.d'),
    join(home, '.docker/certs.d'),
    '/etc/docker/certs.d',
  ];
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.toSorted().slice(0, MOST_FILES);
}

async function clientIn(folder: string, names: readonly string[]): Promise<Trust['client']> {
  for (const name of names.filter((one) => one.endsWith('.cert'))) {
    const path = join(folder, name);
    const [certificate, key] = await Promise.all([
      readSmallFile(path),
      readSmallFile(path.replace(/\.cert$/, '.key')),
    ]);
    if (certificate !== undefined && key !== undefined)
      return { certificate: checked(certificate, path), key };
  }
  return undefined;
}

function checked(pem: string, path: string): string {
  try {
    // Throws unless the first block is a certificate.
    void new X509Certificate(pem);
    return pem;
  } catch {
    throw unreadable(path, 'it holds no certificate (PEM)');
  }
}
