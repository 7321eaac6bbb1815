import type { Exchange } from '../observe/exchange.ts';
import { bytesOfFact, factOf, type Fact, type Moment } from './fact.ts';

/** Sends the facts of a serving process to the audit log. */
interface Reporter {
  observe(exchange: Exchange): void;
  /** Adds a fact without a request: a reload, or a token that was revoked from the command line. */
  add(fact: Omit<Fact, 'at' | 'time' | 'ms' | 'bytes'>): void;
  /** Sends waiting facts. Never rejects. */
  flush(): Promise<void>;
}

const HOLD_MS = 50;
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Collects facts for a moment and sends them together. If `send` rejects, they are lost and `onLost` is called. */
export function createReporter(
  send: (facts: readonly Fact[]) => void | Promise<void>,
  onLost: (facts: number, error: unknown) => void,
  now: () => Moment,
): Reporter {
  let waiting: Fact[] = [];
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const facts = waiting;
    waiting = [];
    waitingBytes = 0;
    if (facts.length === 0) return;
    try {
      await send(facts);
    } catch (error) {
      onLost(facts.length, error);
    }
  };
  const hold = (fact: Fact): void => {
    waiting.push(fact);
    waitingBytes += bytesOfFact(fact);
    if (waitingBytes >= MAX_WAITING_BYTES) void flush();
    else timer ??= setTimeout(() => void flush(), HOLD_MS).unref();
  };
  return {
    observe: (exchange) => {
      const fact = factOf(exchange, now);
      if (fact !== undefined) hold(fact);
    },
    add: (fact) => hold({ ...fact, ...now(), ms: 0, bytes: 0 }),
    flush,
  };
}

/** Returns both clocks. The first one is shared by all processes of the machine (CLOCK_MONOTONIC). */
export function createClocks(): () => Moment {
  // The same clock from another zero: it costs less to read.
  const zero = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  return () => ({ at: zero + performance.now(), time: Date.now() });
}
