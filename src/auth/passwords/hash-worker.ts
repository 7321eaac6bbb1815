import { parentPort } from 'node:worker_threads';
import { verifyHash } from './password-hash.ts';

/** A job of the pool for a worker. */
export interface HashTask {
  readonly stored: string;
  readonly password: string;
}

/** The program of a thread of hash-pool.ts: it answers each task, in order. */
parentPort?.on('message', ({ stored, password }: HashTask) => {
  parentPort?.postMessage(verifyHash(stored, password), []);
});
