/** What the primary and a worker send each other. */
export type Message =
  /** From a worker it is for all other workers. */
  | { readonly kind: 'publish'; readonly topic: string; readonly value: unknown }
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly topic: string;
      readonly value: unknown;
      /** `others`: each other worker; the reply is the list of theirs. */
      readonly to: 'receiver' | 'others';
      /** How long `others` may take, in milliseconds. */
      readonly timeoutMs: number | undefined;
    }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Reply };

/** The value that was requested, or why there is none. */
type Reply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

/** Guard: Node.js sends messages of its own on the same line. */
export function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  return value.kind === 'publish' || value.kind === 'request' || value.kind === 'reply';
}

/** The reply that a promise comes to. */
export async function replyOf(value: Promise<unknown>): Promise<Reply> {
  try {
    return { ok: true, value: await value };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** How long a reply may take where the request says nothing else, in milliseconds. */
export const TIMEOUT_MS = 5000;

/** The requests that were sent over one line and have no reply yet. */
export interface PendingRequests {
  /** Sends a request under an id of its own. Rejects where there is no reply within `timeoutMs`. */
  send(send: (id: number) => void, timeoutMs?: number): Promise<unknown>;
  settle(id: number, reply: Reply): void;
  /** The other end has gone: rejects what is pending, and all that follows. */
  abandon(): void;
}

export function createPendingRequests(): PendingRequests {
  const pending = new Map<number, (reply: Reply) => void>();
  let last = 0;
  let gone = false;
  return {
    send: (send, timeoutMs) => {
      if (gone) return Promise.reject(new Error('the other process is gone'));
      const id = (last += 1);
      const reply = new Promise<unknown>((resolve, reject) => {
        pending.set(id, (it) => (it.ok ? resolve(it.value) : reject(new Error(it.reason))));
      });
      send(id);
      return withTimeout(reply, timeoutMs).finally(() => pending.delete(id));
    },
    settle: (id, reply) => pending.get(id)?.(reply),
    abandon: () => {
      gone = true;
      for (const settle of pending.values()) settle({ ok: false, reason: 'the other process is gone' });
    },
  };
}

/** The same promise, rejected after `timeoutMs`; `Infinity` waits for ever. */
export async function withTimeout<T>(promise: Promise<T>, timeoutMs: number = TIMEOUT_MS): Promise<T> {
  if (timeoutMs === Infinity) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no reply in time')), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
