import type { Worker } from 'node:worker_threads';
import type { Secret } from '../../../../lib/secret.ts';
import { startThread, threadProgram } from '../../../../lib/start-thread.ts';
import type { FilesWorkerData, NumberedQuestion, NumberedReply } from './files-worker.ts';
import type { FilesQuestion, FilesReply } from './question.ts';

interface FilesThreadOptions {
  /** How the thread reaches the registry. */
  readonly door: {
    readonly name: string;
    readonly socketPath: string;
    readonly user: string;
    readonly password: Secret<string>;
  };
  /** Layers that are larger as they are stored are not looked into, in bytes. */
  readonly largestLayer: number;
}

/** Looks into layers, in a thread of its own. */
interface FilesThread {
  /** Never rejects. */
  ask(question: FilesQuestion): Promise<FilesReply>;
  /** Ends the thread. Who waits gets `busy`. */
  close(): Promise<void>;
}

interface Waiting {
  readonly owner: string;
  readonly resolve: (reply: FilesReply) => void;
}

/** As many as ask at once, and of them for one account. */
const MOST_WAITING = 64;
const MOST_OF_ONE = 16;
/** The heap of the thread. Lists and trees of files are outside of it, and have bounds of their own. */
const HEAP_MIB = 256;
const PROGRAM = threadProgram('./files-worker', import.meta.url);

/** Creates the thread with the first question. It does not keep the process alive while nobody asks. */
export function createFilesThread({ door, largestLayer }: FilesThreadOptions): FilesThread {
  const { name, socketPath, user, password } = door;
  const waiting = new Map<number, Waiting>();
  const countOf = (owner: string): number => [...waiting.values()].filter((it) => it.owner === owner).length;
  let worker: Worker | undefined;
  let number = 0;
  const settle = (which: number, reply: FilesReply): void => {
    waiting.get(which)?.resolve(reply);
    waiting.delete(which);
    if (waiting.size === 0) worker?.unref();
  };
  const start = (): Worker => {
    const data: FilesWorkerData = { name, socketPath, user, password: password.reveal(), largestLayer };
    const started = startThread(PROGRAM, { name: 'image-files', data, heapMiB: HEAP_MIB });
    started.on('message', (message: NumberedReply) => settle(message.number, message.reply));
    started.on('error', () => undefined); // 'exit' follows
    started.on('exit', () => {
      if (worker === started) worker = undefined;
      for (const which of waiting.keys()) settle(which, { kind: 'busy' });
    });
    return started;
  };
  return {
    ask: (question) =>
      new Promise((resolve) => {
        const { owner } = question;
        if (waiting.size >= MOST_WAITING || countOf(owner) >= MOST_OF_ONE) return resolve({ kind: 'busy' });
        number += 1;
        waiting.set(number, { owner, resolve });
        worker ??= start();
        worker.ref();
        worker.postMessage({ number, question } satisfies NumberedQuestion, []);
      }),
    close: async () => {
      await worker?.terminate();
    },
  };
}
