import type { Config } from '../../config/schema/schema.ts';
import type { RunSecrets } from '../../app/cluster/cluster-context.ts';
import { createTopic, isNothing } from '../../cluster/bus.ts';

/** The settings of a worker. The secrets pass only from process to process. */
export interface WorkerSettings {
  readonly config: Config;
  readonly secrets: RunSecrets;
  /** The ports of the workers that listen already. */
  readonly ports: readonly number[] | undefined;
}

/** The request of a worker for its settings. */
export const SETTINGS = createTopic('settings', isNothing, isWorkerSettings);

/** A rough check is enough: the primary runs the same program. */
function isWorkerSettings(value: unknown): value is WorkerSettings {
  return typeof value === 'object' && value !== null && 'config' in value && 'secrets' in value;
}
