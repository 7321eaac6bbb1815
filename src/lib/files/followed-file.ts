import { AppError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { watchFiles, type Watcher } from './watch-file.ts';

/** The outcome of a reload. */
export type Reload<T> =
  | { readonly ok: true; readonly value: T }
  /** The value before it stays in force. */
  | { readonly ok: false; readonly error: unknown };

/** A value that was read from a file. The last one that could be read is in force. */
export interface LoadedFile<T> {
  /** The value in force. It never changes; a reload puts another in its place. */
  current(): T;
  /** Reads the file again. Never rejects. Calls made while a load is running share one load, which starts after it. */
  reload(): Promise<Reload<T>>;
}

/** A loaded file that is watched. */
export interface FollowedFile<T> extends LoadedFile<T>, Watcher {}

interface FollowOptions<T> {
  /** The files that the value is read from. */
  readonly paths: readonly string[];
  /** Time between two looks, in milliseconds. */
  readonly intervalMs: number;
  /** Loads the value for the first time. Called when the watch has begun, so that no change falls between the two. */
  readonly open: () => Promise<LoadedFile<T>>;
  readonly logger: Logger;
  /** The log's lines for a value that was reloaded and for one that could not be. */
  readonly messages: { readonly reloaded: string; readonly refused: string };
  /** The fields of the log's line for a reloaded value. */
  readonly describe: (value: T) => object;
  /** Called with the outcome of each reload, after it was logged. */
  readonly onReload: (result: Reload<T>) => void;
}

const DETACHED =
  'this file was replaced outside of the container, and the old one is still mounted here: mount its directory instead of the file, and restart the container now';

/**
 * Loads a value that can be reloaded. `load` is given the value in force, undefined at the first load. Rejects with what
 * the first load throws.
 */
export async function loadFile<T>(load: (before: T | undefined) => Promise<T>): Promise<LoadedFile<T>> {
  let value = await load(undefined);
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<Reload<T>> | undefined;

  const loadAgain = async (): Promise<Reload<T>> => {
    waiting = undefined;
    try {
      value = await load(value);
      return { ok: true, value };
    } catch (error) {
      return { ok: false, error };
    }
  };

  return {
    current: () => value,
    reload: () => {
      waiting ??= running.then(loadAgain);
      running = waiting;
      return waiting;
    },
  };
}

/**
 * Loads a value, watches its files, reloads it when they change, and logs the outcome. Rejects with what the first load
 * throws.
 */
export async function followFile<T>(options: FollowOptions<T>): Promise<FollowedFile<T>> {
  const { paths, intervalMs, logger, messages, describe, onReload } = options;
  let opening: Promise<LoadedFile<T>> | undefined;
  const onChange = async (): Promise<unknown> => {
    const file = await opening?.catch(() => undefined);
    if (file === undefined) return undefined;
    const result = await file.reload();
    if (result.ok) logger.info(describe(result.value), messages.reloaded);
    else logger.error({ reason: failureReason(result.error) }, messages.refused);
    onReload(result);
    return result.ok ? undefined : result.error;
  };
  const onDetached = (path: string): void => logger.warn({ file: path }, DETACHED);
  const watcher = await watchFiles({ paths, intervalMs, onChange, onDetached });
  try {
    opening = options.open();
    return { ...(await opening), ...watcher };
  } catch (error) {
    watcher.close();
    throw error;
  }
}

/** Why a file could not be loaded, for the log. An unexpected error gives its name alone: its message may quote the file. */
export function failureReason(error: unknown): string {
  if (error instanceof AppError) return error.message;
  return error instanceof Error ? error.name : 'unknown';
}
