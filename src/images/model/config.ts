import type { AppError } from '../../lib/errors.ts';
import { invalidImage, readTexts, textOf } from './descriptor.ts';
import { foldConfig, foldRootfs, foldRunConfig, foldStep } from './config-names.ts';
import { findNameFault } from './json-names.ts';
import { isPlainJson } from './json-shape.ts';
import { isObject, parseJsonObject, type JsonObject } from './json.ts';
import type { Platform } from './platform.ts';

/** The largest config that is read, in bytes. */
export const MOST_CONFIG_BYTES = 8 * 1024 * 1024;

/** What the config of an image says (image-spec: "Image Configuration", with Docker's additions). What it leaves out is empty. */
export interface ImageConfig {
  /** As it stands there: RFC 3339. */
  readonly created: string;
  readonly author: string;
  readonly platform: Platform;
  /** How containers start. Undefined if the config says nothing about it. */
  readonly run: RunConfig | undefined;
  readonly rootfsType: string;
  /** The digest of each uncompressed layer, the lowest first. Not checked to be digests. */
  readonly diffIds: readonly string[];
  readonly history: readonly HistoryEntry[];
  /** The whole config, with its known names in their usual case. */
  readonly json: JsonObject;
}

/** How containers of an image start. */
export interface RunConfig {
  readonly user: string;
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  /** `80/tcp`. */
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string;
  readonly shell: readonly string[];
  readonly onBuild: readonly string[];
  readonly healthcheck: JsonObject | undefined;
  readonly json: JsonObject;
}

/** A step of the build. */
export interface HistoryEntry {
  readonly created: string;
  readonly createdBy: string;
  readonly author: string;
  readonly comment: string;
  /** Whether the step made no layer. */
  readonly isEmpty: boolean;
}

/**
 * Parses a config. Names are read without case, as Docker reads them. Members of a wrong kind count as left out. Throws
 * AppError IMAGE_INVALID if it is not a JSON object, or if programs would read different things in it.
 */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const parts = parseConfigInParts(bytes);
  for (let part = parts.next(); ; part = parts.next()) if (part.done === true) return part.value;
}

/**
 * The same in parts: whoever pushes an image chooses how long it takes, and other work can be done in between. Throws as
 * `parseConfig`.
 */
export function* parseConfigInParts(bytes: Uint8Array): Generator<void, ImageConfig, void> {
  if (bytes.length > MOST_CONFIG_BYTES || !isPlainJson(bytes)) throw unusual();
  yield;
  const fault = findNameFault(bytes);
  if (fault === 'twice') throw invalidImage('an object of its config has a name twice');
  if (fault === 'many') throw invalidImage('its config has too many names');
  yield;
  const parsed = parseJsonObject(bytes);
  if (parsed === undefined) throw unusual();
  yield;
  return readConfig(parsed);
}

function unusual(): AppError {
  return invalidImage('its config is not a JSON object of a usual size');
}

function readConfig(parsed: JsonObject): ImageConfig {
  const json = foldConfig(parsed);
  const rootfs = foldRootfs(objectOf(json, 'rootfs') ?? {});
  const run = objectOf(json, 'config');
  return {
    created: textOf(json, 'created'),
    author: textOf(json, 'author'),
    platform: platformOf(json),
    run: run === undefined ? undefined : parseRunConfig(foldRunConfig(run)),
    rootfsType: textOf(rootfs, 'type'),
    diffIds: diffIdsOf(rootfs),
    history: historyOf(json),
    json,
  };
}

function platformOf(json: JsonObject): Platform {
  const variant = textOf(json, 'variant');
  const osVersion = textOf(json, 'os.version');
  return {
    os: textOf(json, 'os'),
    architecture: textOf(json, 'architecture'),
    variant: variant === '' ? undefined : variant,
    osVersion: osVersion === '' ? undefined : osVersion,
  };
}

function parseRunConfig(json: JsonObject): RunConfig {
  return {
    user: textOf(json, 'User'),
    env: textsOf(json, 'Env'),
    entrypoint: textsOf(json, 'Entrypoint'),
    cmd: textsOf(json, 'Cmd'),
    workingDir: textOf(json, 'WorkingDir'),
    ports: Object.keys(objectOf(json, 'ExposedPorts') ?? {}),
    volumes: Object.keys(objectOf(json, 'Volumes') ?? {}),
    labels: readTexts(json['Labels']),
    stopSignal: textOf(json, 'StopSignal'),
    shell: textsOf(json, 'Shell'),
    onBuild: textsOf(json, 'OnBuild'),
    healthcheck: objectOf(json, 'Healthcheck'),
    json,
  };
}

/** What is no text is none: the others keep their places beside the layers. */
function diffIdsOf({ diff_ids: ids }: JsonObject): readonly string[] {
  return Array.isArray(ids) ? ids.map((id: unknown) => (typeof id === 'string' ? id : '')) : [];
}

function historyOf(json: JsonObject): readonly HistoryEntry[] {
  const { history } = json;
  if (!Array.isArray(history)) return [];
  return history.map((entry: unknown) => {
    const step = foldStep(isObject(entry) ? entry : {});
    return {
      created: textOf(step, 'created'),
      createdBy: textOf(step, 'created_by'),
      author: textOf(step, 'author'),
      comment: textOf(step, 'comment'),
      isEmpty: step['empty_layer'] === true,
    };
  });
}

function objectOf(json: JsonObject, name: string): JsonObject | undefined {
  const value = json[name];
  return isObject(value) ? value : undefined;
}

/** A list of texts; one text, as old builders wrote it, is a list of one. */
function textsOf(json: JsonObject, name: string): readonly string[] {
  const value = json[name];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}
