import type { Bus, Broker } from '../../src/cluster/bus.ts';
import { isEnvelope } from '../../src/cluster/envelope.ts';
import { createMiddle } from '../../src/cluster/broker.ts';
import type { Guest } from '../../src/cluster/broker.ts';
import { createWorkerLink } from '../../src/cluster/worker-link.ts';

export interface Stage {
  readonly broker: Broker;
  readonly buses: readonly Bus[];
  readonly guests: readonly Guest[];
}

/** A primary and workers in one process; what they send is copied and arrives later, as between processes. */
export function startStage(size: number): Stage {
  const broker = createMiddle();
  const pairs = Array.from({ length: size }, (_none, slot) => {
    const member = createWorkerLink({ slot, size, send: (it) => later(() => guest.receive(read(it))) });
    const guest: Guest = broker.join({ slot, send: (it) => later(() => member.receive(read(it))) });
    return { bus: member.bus, guest };
  });
  return { broker, buses: pairs.map(({ bus }) => bus), guests: pairs.map(({ guest }) => guest) };
}

function later(action: () => void): void {
  setImmediate(action);
}

function read<T>(sent: T): T {
  const copy = structuredClone(sent);
  if (!isEnvelope(copy)) throw new Error('not what may be sent');
  return copy;
}
