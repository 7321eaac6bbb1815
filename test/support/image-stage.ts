import { join } from 'node:path';
import { serveEmbedded } from '../backend/embedded/server.ts';
import { hostOf } from './images-command.ts';
import { temporaryFolder } from './programs.ts';
import { startRegistry } from './registry.ts';

/** A registry that asks for nothing. */
export interface Place {
  readonly url: string;
  /** `HOST:PORT`, as names of images begin. */
  readonly host: string;
}

/** docker-registry 2.8, the embedded registry, and a folder. */
export interface ImageStage {
  readonly stock: Place;
  readonly embedded: Place;
  readonly folder: string;
  close(): Promise<void>;
}

/** Foreign layers are refused unless their URLs are allowed. */
const FOREIGN_ALLOWED = { validation: { manifests: { urls: { allow: ['^https://'] } } } };

export async function openImageStage(): Promise<ImageStage> {
  const folder = await temporaryFolder('images');
  const stock = await startRegistry(undefined, 0, FOREIGN_ALLOWED);
  const embedded = await serveEmbedded(join(folder.path, 'data'));
  return {
    stock: { url: stock.url, host: hostOf(stock.url) },
    embedded: { url: embedded.url, host: hostOf(embedded.url) },
    folder: folder.path,
    close: async () => {
      await embedded.close();
      await stock.close();
      await folder.close();
    },
  };
}
