import type { Reply } from './messages.ts';

/** What goes over the line between the primary and a worker. */
export type Envelope =
  /** From a worker it is for all the others. */
  | { readonly kind: 'tell'; readonly topic: string; readonly value: unknown }
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly topic: string;
      readonly value: unknown;
      /** Whom the sender means. `others`: each other worker; the answer is the list of theirs. */
      readonly to: 'you' | 'others';
      /** How long `others` are waited for, in milliseconds. */
      readonly patienceMs: number | undefined;
    }
  | { readonly kind: 'answer'; readonly id: number; readonly reply: Reply };

/** Guard: other messages may travel on the same line. */
export function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  return value.kind === 'tell' || value.kind === 'ask' || value.kind === 'answer';
}

/** The reply to a question, however it went. */
export async function replyOf(answer: Promise<unknown>): Promise<Reply> {
  try {
    return { ok: true, value: await answer };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
