import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, type Folder } from '../../support/programs.ts';
import { startRegistry, type Registry } from '../../support/registry.ts';
import type { Mutant, Stock } from './manifest-mutants.ts';
import { serveEmbedded, type TestServer } from './server.ts';
import { image, SpecClient } from './spec-client.ts';

/** What each of two registries says to one manifest. */
export interface Verdicts {
  readonly mutant: Mutant;
  /** Debian's docker-registry. */
  readonly theirs: number;
  readonly ours: number;
}

export const REPOSITORY = 'team/app';

/** docker-registry and the embedded registry side by side, with the same few blobs in both. */
export class ReferenceRegistry {
  readonly registry: Registry;
  readonly stock: Stock;
  readonly #server: TestServer;
  readonly #theirs: SpecClient;
  readonly #ours: SpecClient;
  readonly #folder: Folder;

  static async open(): Promise<ReferenceRegistry> {
    const folder = await temporaryFolder('reference');
    // As it must be set for images with layers that are elsewhere: without it 2.8 refuses every address.
    const validation = { manifests: { urls: { allow: ['.*'] } } };
    const data = join(folder.path, 'theirs');
    await mkdir(data);
    const registry = await startRegistry(data, 0, { validation });
    const server = await serveEmbedded(join(folder.path, 'ours'));
    const clients = [new SpecClient(registry.url), new SpecClient(server.url)] as const;
    const [stock] = await Promise.all(clients.map(stockUp));
    if (stock === undefined) throw new Error('no stock');
    return new ReferenceRegistry({ registry, server, clients, folder, stock });
  }

  private constructor({
    registry,
    server,
    clients: [theirs, ours],
    folder,
    stock,
  }: {
    readonly registry: Registry;
    readonly server: TestServer;
    readonly clients: readonly [SpecClient, SpecClient];
    readonly folder: Folder;
    readonly stock: Stock;
  }) {
    this.registry = registry;
    this.stock = stock;
    this.#server = server;
    this.#theirs = theirs;
    this.#ours = ours;
    this.#folder = folder;
  }

  async judge(mutant: Mutant): Promise<Verdicts> {
    const { bytes: body, contentType } = mutant;
    const headers = contentType === undefined ? {} : { 'Content-Type': contentType };
    const ask = { headers, body };
    const [theirs, ours] = await Promise.all(
      [this.#theirs, this.#ours].map((client) => client.ask('PUT', `/v2/${REPOSITORY}/manifests/tag`, ask)),
    );
    return { mutant, theirs: theirs?.status ?? 0, ours: ours?.status ?? 0 };
  }

  async close(): Promise<void> {
    this.#theirs.close();
    this.#ours.close();
    await this.#server.close();
    await this.registry.close();
    await this.#folder.close();
  }
}

async function stockUp(client: SpecClient): Promise<Stock> {
  const config = await client.blob(REPOSITORY, '{}');
  const layer = await client.blob(REPOSITORY, 'a layer');
  const child = image(config, layer);
  const { status } = await client.manifest(REPOSITORY, child.digest, child);
  if (status !== 201) throw new Error(`push: ${status}`);
  return { config, layer, child: child.digest };
}
