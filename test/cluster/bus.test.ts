import { describe, expect, it } from 'vitest';
import { createTopic, isNothing } from '../../src/cluster/bus.ts';
import { createLocalBus } from '../../src/cluster/local-bus.ts';
import { isEnvelope } from '../../src/cluster/envelope.ts';
import { startStage } from './stage.ts';
import type { Stage } from './stage.ts';

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number';
}

const GREETING = createTopic('greeting', isText, isText);
const NEWS = createTopic('news', isText, isNothing);
const COUNT = createTopic('count', isNothing, isCount);

function stageOfOne(): Stage {
  const { bus, hub } = createLocalBus();
  return { hub, buses: [bus], guests: [] };
}

describe.each([
  { name: 'one process', start: stageOfOne, size: 1 },
  { name: 'one worker', start: () => startStage(1), size: 1 },
  { name: 'three workers', start: () => startStage(3), size: 3 },
])('a bus of $name', ({ start, size }) => {
  it('knows its places', () => {
    expect(start().buses.map((bus) => [bus.slot, bus.size])).toEqual(
      Array.from({ length: size }, (_none, slot) => [slot, size]),
    );
  });

  it('asks the primary, who knows who asks', async () => {
    const { hub, buses } = start();
    hub.answer(GREETING, (text, from) => `${text} ${from}`);
    expect(await Promise.all(buses.map((bus) => bus.ask(GREETING, 'hello')))).toEqual(
      buses.map(({ slot }) => `hello ${slot}`),
    );
  });

  it('gathers from all workers, wherever it is asked', async () => {
    const { hub, buses } = start();
    for (const bus of buses) bus.answer(COUNT, async () => bus.slot + 10);
    const all = buses.map(({ slot }) => slot + 10);
    for (const asker of [...buses, hub]) {
      expect((await asker.gather(COUNT, undefined)).toSorted()).toEqual(all);
    }
  });

  it('tells all others, and the primary tells all', async () => {
    const { hub, buses } = start();
    const heard: string[] = [];
    for (const bus of buses) bus.answer(NEWS, (text) => void heard.push(`${bus.slot} ${text}`));
    buses[0]?.tell(NEWS, 'from a worker');
    hub.tell(NEWS, 'from the primary');
    // What follows on the same lines arrives after it.
    await hub.gather(NEWS, 'last');
    const others = buses.filter(({ slot }) => slot !== 0).map(({ slot }) => `${slot} from a worker`);
    const everybody = buses.map(({ slot }) => `${slot} from the primary`);
    expect(heard.filter((line) => !line.endsWith('last')).toSorted()).toEqual(
      [...others, ...everybody].toSorted(),
    );
  });

  it('rejects where nobody answers, the answerer fails, or gives something else', async () => {
    const { hub, buses } = start();
    const [bus] = buses;
    await expect(bus?.ask(GREETING, 'hello')).rejects.toThrow('nobody answers greeting');
    hub.answer(COUNT, () => {
      throw new Error('out of numbers');
    });
    await expect(bus?.ask(COUNT, undefined)).rejects.toThrow('out of numbers');
    hub.answer(GREETING, (text) => text);
    const lying = createTopic('greeting', isText, isCount);
    await expect(bus?.ask(lying, 'hello')).rejects.toThrow('no answer of greeting');
    const asking = createTopic('greeting', isCount, isText);
    await expect(bus?.ask(asking, 1)).rejects.toThrow('no question of greeting');
  });

  it('does not wait for ever', async () => {
    const { hub, buses } = start();
    hub.answer(GREETING, () => new Promise<string>(() => undefined));
    await expect(buses[0]?.ask(GREETING, 'hello', 1)).rejects.toThrow('no answer in time');
    for (const bus of buses) bus.answer(COUNT, () => new Promise<number>(() => undefined));
    expect(await buses[0]?.gather(COUNT, undefined, 1)).toEqual([]);
    expect(await hub.gather(COUNT, undefined, 1)).toEqual([]);
  });

  it('has one answerer for a topic', () => {
    const { hub, buses } = start();
    for (const place of [hub, ...buses]) {
      place.answer(COUNT, () => 1);
      expect(() => place.answer(COUNT, () => 2)).toThrow('count is answered already');
    }
  });
});

describe('a bus of which a worker dies', () => {
  it('goes on without it, and does not wait for its answers', async () => {
    const { hub, buses, guests } = startStage(3);
    for (const bus of buses) {
      bus.answer(COUNT, () => (bus.slot === 1 ? new Promise<number>(() => undefined) : bus.slot));
    }
    const asked = hub.gather(COUNT, undefined, Infinity);
    const gathered = buses[0]?.gather(COUNT, undefined, 60_000);
    setImmediate(() => guests[1]?.leave());
    expect((await asked).toSorted()).toEqual([0, 2]);
    expect(((await gathered) ?? []).toSorted()).toEqual([0, 2]);
    expect((await hub.gather(COUNT, undefined)).toSorted()).toEqual([0, 2]);
  });

  it('leaves out those who fail', async () => {
    const { hub, buses } = startStage(3);
    for (const bus of buses) {
      bus.answer(COUNT, () => {
        if (bus.slot === 2) throw new Error('no');
        return bus.slot;
      });
    }
    expect((await hub.gather(COUNT, undefined)).toSorted()).toEqual([0, 1]);
    expect((await buses[2]?.gather(COUNT, undefined))?.toSorted()).toEqual([0, 1]);
  });
});

it.each([
  ['another program', { act: 'newconn' }],
  ['nothing', undefined],
  ['a word', 'tell'],
])('takes no message of %s for its own', (_name, message) => {
  expect(isEnvelope(message)).toBe(false);
});
