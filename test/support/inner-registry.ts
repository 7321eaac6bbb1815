import { openRegistryBackend } from '../../src/app/backend/registry-backend.ts';
import { openInnerRegistry, type InnerRegistry } from '../../src/app/pages/inner-registry.ts';
import { createLocalBus } from '../../src/cluster/local-bus.ts';
import { schema, type Config } from '../../src/config/schema/schema.ts';
import { createLog } from '../../src/observe/access-log.ts';

export type InnerConfig = Partial<Config> & { readonly backend: Config['backend'] };

/** `http://127.0.0.1:5000`, `embedded:/folder`. */
export function backendOf(url: string): Config['backend'] {
  return schema.parse({ backend: url }).backend;
}

/** The registry as a process of the gate opens it. `state`: its state directory. */
export async function openInner(config: InnerConfig, state: string): Promise<InnerRegistry> {
  const { bus } = createLocalBus();
  const logger = createLog({ level: 'error', destination: { write: () => undefined } });
  const now = (): number => performance.now();
  const whole = { ...schema.parse({}), ...config, state };
  const backend = await openRegistryBackend({ config: whole, bus, now, logger });
  const inner = await openInnerRegistry({ backend, logger });
  return {
    ...inner,
    close: async () => {
      await inner.close();
      await backend.close();
    },
  };
}
