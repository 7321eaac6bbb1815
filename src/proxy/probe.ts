import { systemCode } from '../lib/errors.ts';
import { ask } from './ask.ts';
import type { Question } from './ask.ts';
import type { Backend } from './backend.ts';

export interface Probe {
  /** Why the registry cannot serve, in a few words without its address, or undefined. Never rejects. */
  look(): Promise<string | undefined>;
}

export interface ProbeOptions {
  readonly backend: Backend;
  readonly timeoutMs: number;
  /** How long an answer holds: health checks come from many sides, and the registry should not pay for each. */
  readonly holdMs: number;
  readonly now: () => number;
  /** The gate's own word, for a registry that asks for one. */
  readonly authorization?: (() => string) | undefined;
}

/** Whatever it says is small. */
const BASE = { path: '/v2/', largestBytes: 64 * 1024 } as const;

/** Asks the registry for its base path. Many who ask at once share one look. */
export function createProbe({ backend, timeoutMs, holdMs, now, authorization }: ProbeOptions): Probe {
  let last: Promise<string | undefined> | undefined;
  let lookedAt = -Infinity;
  return {
    look: () => {
      if (last === undefined || now() - lookedAt >= holdMs) {
        lookedAt = now();
        last = look(backend, { ...BASE, timeoutMs, authorization: authorization?.() });
      }
      return last;
    },
  };
}

async function look(backend: Backend, question: Question): Promise<string | undefined> {
  try {
    const { status } = await ask(backend, question);
    return status === 200 ? undefined : `the registry answers ${status}`;
  } catch (error) {
    return `the registry cannot be reached (${systemCode(error) ?? 'no answer'})`;
  }
}
