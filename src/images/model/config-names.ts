import { invalidImage } from './descriptor.ts';
import { foldInto } from './json-names.ts';
import { isObject, type JsonObject } from './json.ts';

export const foldConfig = foldMembers([
  'created',
  'author',
  'architecture',
  'variant',
  'os',
  'os.version',
  'config',
  'rootfs',
  'history',
  'id',
  'parent',
  'comment',
  'container',
  'container_config',
  'docker_version',
]);
export const foldRootfs = foldMembers(['type', 'diff_ids']);
/** Of an entry of the history. */
export const foldStep = foldMembers(['created', 'created_by', 'author', 'comment', 'empty_layer']);

const foldHealthcheck = foldMembers([
  'Test',
  'Interval',
  'Timeout',
  'StartPeriod',
  'StartInterval',
  'Retries',
]);
const foldRun = foldMembers([
  'Hostname',
  'Domainname',
  'User',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'ExposedPorts',
  'Tty',
  'OpenStdin',
  'StdinOnce',
  'Env',
  'Cmd',
  'Healthcheck',
  'ArgsEscaped',
  'Image',
  'Volumes',
  'WorkingDir',

  'Entrypoint',
  'NetworkDisabled',
  'MacAddress',
  'OnBuild',
  'Labels',
  'StopSignal',
  'StopTimeout',
  'Shell',
]);

/** Folds how containers start, with its healthcheck. Throws AppError IMAGE_INVALID. */
export function foldRunConfig(json: JsonObject): JsonObject {
  const run = foldRun(json);
  const { Healthcheck: healthcheck } = run;
  return isObject(healthcheck) ? { ...run, Healthcheck: foldHealthcheck(healthcheck) } : run;
}

/**
 * Returns a function that gives members the names by which Docker and containerd read them: case does not count, and of
 * several spellings the later wins. Other members stay. Throws AppError IMAGE_INVALID if an object or null has two
 * spellings: programs differ on whether it takes the place of the earlier one.
 */
function foldMembers(names: readonly string[]): (json: JsonObject) => JsonObject {
  const fold = foldInto(names);
  return (json) => {
    const folded = new Map<string, unknown>();
    for (const [key, value] of Object.entries(json)) {
      const name = fold(key) ?? key;
      if (folded.has(name) && [folded.get(name), value].some((it) => it === null || isObject(it)))
        throw invalidImage(`its config spells ${name} in two ways`);
      folded.set(name, value);
    }
    return Object.fromEntries(folded);
  };
}
