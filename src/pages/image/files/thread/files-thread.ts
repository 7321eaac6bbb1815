import type { Logger } from '../../../../lib/logger.ts';
import type { Secret } from '../../../../lib/secret.ts';
import { threadProgram } from '../../../../lib/threads/start-thread.ts';
import { Thread, ThreadBusy } from '../../../../lib/threads/thread.ts';
import type { FilesCalls, FilesWorkerData } from './files-worker.ts';
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
  readonly logger: Logger;
}

/** Looks into layers, in a thread of its own. */
interface FilesThread {
  /** `busy` where too many ask, or the thread has ended. */
  ask(question: FilesQuestion): Promise<FilesReply>;
  /** Ends the thread. Who waits gets `busy`. */
  close(): Promise<void>;
}

/** As many as ask at once, and of them for one account. */
const MOST_WAITING = 64;
const MOST_OF_ONE = 16;
/** The heap of the thread. Lists and trees of files are outside of it, and have bounds of their own. */
const HEAP_MIB = 256;
const PROGRAM = threadProgram('./files-worker', import.meta.url);

/** Creates the thread, which starts with the first question. */
export function createFilesThread({ door, largestLayer, logger }: FilesThreadOptions): FilesThread {
  const { password, ...place } = door;
  const thread = new Thread<FilesCalls>({
    name: 'image-files',
    url: PROGRAM,
    data: { ...place, password: password.reveal(), largestLayer } satisfies FilesWorkerData,
    onReport: ({ level, fields, message }) => logger[level](fields, message),
    heapMiB: HEAP_MIB,
    mostWaiting: MOST_WAITING,
    mostOfOne: MOST_OF_ONE,
  });
  return {
    ask: async (question) => {
      try {
        return await thread.call('ask', question, question.owner);
      } catch (error) {
        if (error instanceof ThreadBusy) return { kind: 'busy' };
        throw error;
      }
    },
    close: () => thread.close(),
  };
}
