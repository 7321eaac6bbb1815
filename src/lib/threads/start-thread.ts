import { Worker } from 'node:worker_threads';

interface ThreadOptions {
  readonly name: string;
  /** What the thread gets as its `workerData`. */
  readonly data?: unknown;
  /** The most memory of its heap, in MiB: a thread that wants more ends, and the process goes on. Default: that of Node.js. */
  readonly heapMiB?: number;
}

/** What a thread may take for new objects, in MiB. V8 would take up to 96 before it looks for what is garbage. */
const YOUNG_MIB = 24;

/** Starts a thread that sees nothing of the environment and of the arguments of the process. */
export function startThread(program: URL, { name, data, heapMiB }: ThreadOptions): Worker {
  return new Worker(program, {
    name,
    env: {},
    execArgv: [],
    workerData: data,
    ...(heapMiB !== undefined && {
      resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: YOUNG_MIB },
    }),
  });
}

/**
 * Returns the program of a thread, `./hash-worker`, by the `import.meta.url` of the file that starts it, with the same
 * extension: `.ts` in a checkout, `.js` in the package.
 */
export function threadProgram(path: string, from: string): URL {
  return new URL(`${path}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from);
}
