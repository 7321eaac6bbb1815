import type { LoadedConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema/schema.ts';

/** The folder of the registry that `up` makes, unless another one is named. */
export const UP_DATA = './data';

/** The configuration with the embedded registry, unless a backend is configured. */
export function withEmbedded({ config, origins }: LoadedConfig, directory: string = UP_DATA): Config {
  return origins.has('backend') ? config : { ...config, backend: { kind: 'embedded', directory } };
}
