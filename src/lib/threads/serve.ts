import { parentPort } from 'node:worker_threads';
import type { CallMessage, Calls, Report, ThreadMessage } from './calls.ts';

/** Answers the calls of the process in this thread. */
export function serveCalls(calls: Calls): void {
  parentPort?.on('message', (message: CallMessage) => void answer(calls, message));
}

/** Takes no more calls: the thread ends when nothing else is under way. */
export function endCalls(): void {
  parentPort?.close();
}

async function answer(calls: Calls, { id, name, value }: CallMessage): Promise<void> {
  try {
    const result = await call(calls, name, value);
    if (id !== undefined) send({ kind: 'answer', id, value: result });
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (id !== undefined) send({ kind: 'failure', id, reason });
    else sendReport({ level: 'warn', fields: { reason }, message: 'a thread failed' });
  }
}

/** Guard: the process calls what it has types for. */
function call(calls: Calls, name: string, value: unknown): unknown {
  return calls[name]?.(value as never);
}

/** Sends something for the log. */
export function sendReport(report: Report): void {
  send({ kind: 'report', report });
}

function send(message: ThreadMessage): void {
  parentPort?.postMessage(message, []);
}
