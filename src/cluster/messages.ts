/** How long an answer is waited for, unless the question says otherwise, in milliseconds. */
export const PATIENCE_MS = 5000;

/** The answer to a question: what was asked for, or why there is none. */
export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string };

/** The questions that were sent over one line and are not answered yet. */
export interface Questions {
  /** Sends a question under a number of its own. Rejects where there is no answer within `patienceMs`. */
  ask(send: (id: number) => void, patienceMs?: number): Promise<unknown>;
  settle(id: number, reply: Reply): void;
  /** The other end is gone: what is open is rejected, and so is all that follows. */
  abandon(): void;
}

export function createQuestions(): Questions {
  const open = new Map<number, (reply: Reply) => void>();
  let last = 0;
  let gone = false;
  return {
    ask: (send, patienceMs) => {
      if (gone) return Promise.reject(new Error('the other process is gone'));
      const id = (last += 1);
      const answer = new Promise<unknown>((resolve, reject) => {
        open.set(id, (reply) => (reply.ok ? resolve(reply.value) : reject(new Error(reply.reason))));
      });
      send(id);
      return withPatience(answer, patienceMs).finally(() => open.delete(id));
    },
    settle: (id, reply) => open.get(id)?.(reply),
    abandon: () => {
      gone = true;
      for (const settle of open.values()) settle({ ok: false, reason: 'the other process is gone' });
    },
  };
}

/** The same promise, rejected where it takes too long; `Infinity` waits for ever. */
export async function withPatience<T>(promise: Promise<T>, patienceMs: number = PATIENCE_MS): Promise<T> {
  if (patienceMs === Infinity) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
