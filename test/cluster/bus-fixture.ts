import type { Bus, Broker } from '../../src/cluster/bus.ts';
import { isMessage } from '../../src/cluster/messages.ts';
import { createBroker, type JoinedWorker } from '../../src/cluster/broker.ts';
import { createWorkerLink } from '../../src/cluster/worker-link.ts';

export interface BusFixture {
  readonly broker: Broker;
  readonly buses: readonly Bus[];
  readonly joined: readonly JoinedWorker[];
}

/** A primary and workers in one process; what they send is copied and arrives later, as between processes. */
export function startBus(size: number): BusFixture {
  const broker = createBroker();
  const pairs = Array.from({ length: size }, (_none, slot) => {
    const link = createWorkerLink({ slot, size, send: (it) => later(() => joined.receive(read(it))) });
    const joined: JoinedWorker = broker.join({ slot, send: (it) => later(() => link.receive(read(it))) });
    return { bus: link.bus, joined };
  });
  return { broker, buses: pairs.map(({ bus }) => bus), joined: pairs.map(({ joined }) => joined) };
}

function later(action: () => void): void {
  setImmediate(action);
}

function read<T>(sent: T): T {
  const copy = structuredClone(sent);
  if (!isMessage(copy)) throw new Error('not what may be sent');
  return copy;
}
