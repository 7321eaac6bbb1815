import { parentPort } from 'node:worker_threads';
import { verifyHash } from './password-hash.ts';

/** What the pool asks of a worker. */
export interface HashTask {
  readonly stored: string;
  readonly password: string;
}

/** The thread of the pool: one question, one answer, in order. Started by hash-pool.ts alone. */
parentPort?.on('message', ({ stored, password }: HashTask) => {
  parentPort?.postMessage(verifyHash(stored, password), []);
});
