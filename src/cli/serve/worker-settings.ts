import type { Config } from '../../config/schema/schema.ts';
import type { RunSecrets } from '../../app/cluster/cluster-context.ts';
import { createTopic, isNothing } from '../../cluster/bus.ts';

/** What a worker begins with. The secrets go from process to process, and nowhere else. */
export interface WorkerSettings {
  readonly config: Config;
  readonly secrets: RunSecrets;
  /** Of the workers that listen already. */
  readonly ports: readonly number[] | undefined;
}

/** A worker asks for its settings. */
export const SETTINGS = createTopic('settings', isNothing, isWorkerSettings);

/** Guard: it comes from the primary, which runs the same program. */
function isWorkerSettings(value: unknown): value is WorkerSettings {
  return typeof value === 'object' && value !== null && 'config' in value && 'secrets' in value;
}
