import fc from '../../random/property.ts';

import { DeadlineHeap } from '../../../src/pubsub-server/delivery/deadline-heap.ts';
import { Deque } from '../../../src/pubsub-server/delivery/deque.ts';

it.each([
  ['those that were moved are pushed again', false],
  ['those that were put off stand for the later one', true],
])('gives deadlines earliest first: %s', (_, putOff) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ item: fc.nat(30), at: fc.nat(1000) }), {
        maxLength: 3000,
        size: 'max',
      }),
      (deadlines) => {
        const current = new Map<number, number>();
        const watched = new Map<number, number>();
        const heap = new DeadlineHeap<number>((item, at) => {
          if (watched.get(item) !== at) return undefined;
          const standing = current.get(item);
          if (standing !== undefined) watched.set(item, standing);
          return standing;
        });
        for (const { item, at } of deadlines) {
          current.set(item, at);
          if (putOff && (watched.get(item) ?? Infinity) <= at) continue;
          watched.set(item, at);
          heap.push(item, at);
        }
        const popped: number[] = [];
        for (let now = 0; now <= 1000; now += 50)
          for (;;) {
            const earliest = Math.min(...current.values());
            expect(heap.next()).toBe(current.size === 0 ? undefined : earliest);
            const item = heap.popDue(now);
            if (item === undefined) {
              expect(earliest).toBeGreaterThan(now);
              break;
            }
            expect(current.get(item)).toBe(earliest);
            current.delete(item);
            popped.push(item);
          }
        expect(new Set(popped)).toEqual(
          new Set(deadlines.map(({ item }) => item)),
        );
      },
    ),
    { numRuns: 15 },
  );
});

it('queues at the back and takes from the front like an array', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('push' as const), count: fc.nat(1500) }),
    fc.record({ do: fc.constant('shift' as const), count: fc.nat(1500) }),
    fc.record({ do: fc.constant('clear' as const), count: fc.constant(1) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const deque = new Deque<number>();
      const model: number[] = [];
      let next = 0;
      for (const { do: operation, count } of steps) {
        const items = Array.from({ length: count }, () => (next += 1));
        if (operation === 'clear') {
          deque.clear();
          model.splice(0);
        } else
          for (const item of items)
            if (operation === 'push') {
              deque.push(item);
              model.push(item);
            } else {
              const first = deque.peek();
              if (first !== model[0] || deque.shift() !== model.shift())
                throw new Error(`expected ${model[0]} first, got: ${first}`);
            }
        expect(deque.length).toBe(model.length);
      }
      expect([...deque]).toEqual(model);
    }),
  );
});
