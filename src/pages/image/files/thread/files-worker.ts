import { parentPort, workerData } from 'node:worker_threads';
import { Secret } from '../../../../lib/secret.ts';
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

/** A question with the number that its answer gets. */
export interface NumberedQuestion {
  readonly number: number;
  readonly question: FilesQuestion;
}

export interface NumberedReply {
  readonly number: number;
  readonly reply: FilesReply;
}

/** Somebody waits for a page, and a registry that hangs must not hold the two that read. */
const PAUSES = { attempts: 2, longest: 2000 } as const;
const TIMES = { connect: 5000, head: 10_000, idle: 20_000 } as const;

/** The program of the thread of files-thread.ts. */
function start({ name, socketPath, user, password, largestLayer }: FilesWorkerData): void {
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
  parentPort?.on('message', ({ number, question }: NumberedQuestion) => {
    const send = (reply: FilesReply): void =>
      parentPort?.postMessage({ number, reply } satisfies NumberedReply, []);
    answer(question).then(send, (error: unknown) =>
      send({ kind: 'unreadable', reason: error instanceof Error ? error.message : 'unknown' }),
    );
  });
}

if (parentPort !== null) start(workerData);
