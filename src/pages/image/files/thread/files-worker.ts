import { workerData } from 'node:worker_threads';
import { Secret } from '../../../../lib/secret.ts';
import { serveCalls } from '../../../../lib/threads/serve.ts';
import { openRegistry } from '../../../../images/client/open-registry.ts';
import { createFilesAnswers } from './answer-files.ts';
import type { FilesQuestion, FilesReply } from './question.ts';

/** What the thread is started with: how it reaches the registry, as plain data. */
export interface FilesWorkerData {
  readonly name: string;
  readonly socketPath: string;
  readonly user: string;
  readonly password: string;
  readonly largestLayer: number;
}

/** The functions of the thread. */
export interface FilesCalls {
  readonly ask: (question: FilesQuestion) => Promise<FilesReply>;
  readonly [name: string]: (value: never) => unknown;
}

/** Somebody waits for a page, and a registry that hangs must not hold the two that read. */
const PAUSES = { attempts: 2, longest: 2000 } as const;
const TIMES = { connect: 5000, head: 10_000, idle: 20_000 } as const;

const { name, socketPath, user, password, largestLayer }: FilesWorkerData = workerData;
const credential = { kind: 'password', user, password: new Secret(password) } as const;
const registry = openRegistry({
  name,
  isPlain: true,
  socketPath,
  credential: async () => credential,
  pauses: PAUSES,
  times: TIMES,
});
const answer = createFilesAnswers({ registry, largestLayer });

const calls: FilesCalls = {
  ask: async (question) => {
    try {
      return await answer(question);
    } catch (error) {
      return { kind: 'unreadable', reason: error instanceof Error ? error.message : 'unknown' };
    }
  },
};

serveCalls(calls);
