import type { Bus } from '../../src/cluster/bus.ts';
import type { Message } from '../../src/cluster/messages.ts';
import { createWorkerLink } from '../../src/cluster/worker-link.ts';
import type { End, WorkerProcess } from '../../src/cluster/processes.ts';

/** What a worker does when it has been started: with its bus, and a way to end. */
export type Life = (bus: Bus, end: (end: End) => void) => void;

export interface FakeProcess extends WorkerProcess {
  readonly slot: number;
  readonly isAlive: boolean;
  /** Ends it as if from outside. */
  end(end: End): void;
  readonly killed: boolean;
}

export const CRASH: End = { code: undefined, signal: 'SIGSEGV' };

/** A worker that lives in this process; messages arrive later, as between processes, and not at all once it is dead. */
export function startFake(slot: number, size: number, life: Life): FakeProcess {
  const toPrimary: ((message: Message) => void)[] = [];
  const onExit: ((end: End) => void)[] = [];
  let isAlive = true;
  let killed = false;
  const end = (how: End): void => {
    if (!isAlive) return;
    isAlive = false;
    setImmediate(() => onExit.forEach((listener) => listener(how)));
  };
  const link = createWorkerLink({
    slot,
    size,
    send: (message) =>
      setImmediate(() => {
        if (isAlive) toPrimary.forEach((listener) => listener(structuredClone(message)));
      }),
  });
  setImmediate(() => life(link.bus, end));
  return {
    slot,
    pid: 1000 + slot,
    send: (message) =>
      setImmediate(() => {
        if (isAlive) link.receive(structuredClone(message));
      }),
    onMessage: (listener) => void toPrimary.push(listener),
    onExit: (listener) => void onExit.push(listener),
    release: () => end({ code: 0, signal: undefined }),
    kill: () => {
      killed = isAlive;
      end({ code: undefined, signal: 'SIGKILL' });
    },
    end,
    get isAlive() {
      return isAlive;
    },
    get killed() {
      return killed;
    },
  };
}
