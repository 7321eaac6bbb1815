import { basename, dirname, relative, resolve, sep } from 'node:path';
import { COMMAND_VARIABLE, CONTAINER_VARIABLE, type Environment } from '../../config/environment.ts';
import { shellWord } from '../../lib/shell-word.ts';

/** How this process was started. */
export interface StartedAs {
  /** The program that runs this script: the absolute path of Node.js. */
  readonly runtime: string;
  /** The script, as an absolute path. */
  readonly script: string;
  readonly directory: string;
  readonly pid: number;
  readonly parentPid: number;
  readonly hostName: string;
}

/** How to type the commands of this program where its output is read. */
export interface Invocation {
  /** What to type for `registry-gate` while this process runs. */
  readonly here: string;
  /** What to type for it once this process has ended, and its container with it. */
  readonly afterwards: string;
  /** What to type for it on a client. */
  readonly onClient: string;
  readonly isContainer: boolean;
  /** The prefix that runs a system command where the files of this process are: `docker exec ID`. */
  readonly shell: string;
}

const NAME = 'registry-gate';

/** Finds out how to type commands here: in a checkout, with npx, in a container, or as an installed program. */
export function findInvocation(env: Environment, started: StartedAs): Invocation {
  const isContainer = (env[CONTAINER_VARIABLE] ?? '') !== '';
  const said = env[COMMAND_VARIABLE] ?? '';
  if (said !== '') return { here: said, afterwards: said, onClient: NAME, isContainer, shell: '' };
  if (isContainer) return { ...inContainer(env, started), isContainer };
  const command = onMachine(env, started);
  return { here: command, afterwards: command, onClient: command, isContainer, shell: '' };
}

function onMachine(env: Environment, started: StartedAs): string {
  if (['gate', 'start'].includes(env['npm_lifecycle_event'] ?? '')) return 'npm run -s gate --';
  if (env['npm_command'] === 'exec' || env['npm_lifecycle_event'] === 'npx') return `npx ${NAME}`;
  const { runtime, script } = started;
  if (!/\.[jt]s$/.test(script)) return onPath(script, env, started);
  return `${onPath(runtime, env, started)} ${shown(script, started)}`;
}

/** The name of a program if the shell finds it in PATH, else its path. */
function onPath(program: string, { PATH = '/usr/bin' }: Environment, started: StartedAs): string {
  return PATH.split(':').includes(dirname(program)) ? basename(program) : shown(program, started);
}

function shown(path: string, { directory }: StartedAs): string {
  const near = relative(directory, path);
  return shellWord(near.startsWith(`..${sep}`) ? resolve(path) : near);
}

/**
 * A command of `docker exec` has no parent in its container, a shell in it is a parent of its own, and everything else
 * is the container itself or the only child of an init process.
 */
function inContainer(
  env: Environment,
  { pid, parentPid, hostName }: StartedAs,
): Omit<Invocation, 'isContainer'> {
  if (pid !== 1 && parentPid > 1) return { here: NAME, afterwards: NAME, onClient: NAME, shell: '' };
  if ((env['KUBERNETES_SERVICE_HOST'] ?? '') !== '') {
    const pod = shellWord(hostName);
    const exec = `kubectl exec -it ${pod} -- ${NAME}`;
    return { here: exec, afterwards: exec, onClient: NAME, shell: `kubectl exec ${pod} --` };
  }
  const engine = env['container'] === 'podman' ? 'podman' : 'docker';
  const id = /^[0-9a-f]{12}$/.test(hostName) ? hostName : 'CONTAINER';
  const here = `${engine} exec -it ${id} ${NAME}`;
  const isExec = pid !== 1 && parentPid === 0;
  const image = `$(${engine} inspect -f '{{.Image}}' ${id})`;
  const afterwards = isExec ? here : `${engine} run -it --rm --volumes-from ${id} ${image}`;
  return { here, afterwards, onClient: NAME, shell: `${engine} exec ${id}` };
}
