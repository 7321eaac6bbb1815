import { describe, expect, it } from 'vitest';
import type { RegistryEvent } from '../../src/inventory/inventory.ts';
import { createEventBuffer } from '../../src/inventory/open/event-buffer.ts';

function eventOf(kind: RegistryEvent['kind'], reference: string): RegistryEvent {
  return { kind, repository: 'team/app', reference, at: 1 };
}

function recorded() {
  const passed: string[][] = [];
  const buffer = createEventBuffer((events) =>
    passed.push(events.map(({ kind, reference }) => `${kind} ${reference}`)),
  );
  return { passed, buffer };
}

describe('the events of the inventory', () => {
  it('passes pushes and deletions on at once, after the pulls before them', () => {
    const { passed, buffer } = recorded();
    for (const event of [eventOf('pulled', '1'), eventOf('pushed', '2'), eventOf('deleted', '2')])
      buffer.add(event);
    expect(passed).toEqual([['pulled 1'], ['pushed 2'], ['deleted 2']]);
  });

  it('makes one of a thousand pulls of a tag, in its time', async () => {
    const { passed, buffer } = recorded();
    for (let pull = 0; pull < 1000; pull += 1) buffer.add(eventOf('pulled', '1'));
    expect(passed).toEqual([]);
    await expect.poll(() => passed).toEqual([['pulled 1']]);
  });

  it('holds no more than a thousand', () => {
    const { passed, buffer } = recorded();
    for (let pull = 0; pull < 2500; pull += 1) buffer.add(eventOf('pulled', `${pull}`));
    expect(passed.map(({ length }) => length)).toEqual([1000, 1000]);
    buffer.close();
    expect(passed.map(({ length }) => length)).toEqual([1000, 1000, 500]);
  });
});
