import { describe, expect, it } from 'vitest';
import { KeptOrders, type DirectoryOrder } from '../../../src/pages/image/files/thread/kept-orders.ts';

/** Counts how often each order is made. */
function counting(files: number) {
  const orders = new KeptOrders();
  const made: string[] = [];
  const get = (key: string): DirectoryOrder =>
    orders.get(key, () => {
      made.push(key);
      return { order: new Int32Array(files), hidden: [] };
    });
  return { made, get };
}

describe('orders of directories', () => {
  it('are made once', () => {
    const { made, get } = counting(1000);
    for (let page = 0; page < 10; page += 1) expect(get('etc').order.length).toBe(1000);
    expect(made).toEqual(['etc']);
  });

  it('have a bound: those not used for longest are dropped', () => {
    const { made, get } = counting(2_000_000);
    for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) get(key);
    expect(made).toEqual(['a', 'b', 'c', 'd', 'b']);
  });

  it('keep one alone, however large it is', () => {
    const { made, get } = counting(10_000_000);
    for (const key of ['a', 'a', 'b', 'a']) get(key);
    expect(made).toEqual(['a', 'b', 'a']);
  });

  it('that could not be made say so again without another attempt', () => {
    const orders = new KeptOrders();
    let attempts = 0;
    const ask = (): DirectoryOrder =>
      orders.get('etc', () => {
        attempts += 1;
        throw new Error('too many files');
      });
    expect(ask).toThrow('too many files');
    expect(ask).toThrow('too many files');
    expect(attempts).toBe(1);
  });
});
