import fc from '../../random/property.ts';

import {
  type DeliverySink,
  Dispatcher,
} from '../../../src/pubsub-server/delivery/dispatcher.ts';
import { notFound } from '../../../src/pubsub-server/errors.ts';
import { ControlledClock } from '../controlled-clock.ts';
import { Bench } from './set-up.ts';

const DAY = 24 * 3600 * 1000;

/** Deliveries are made once an event-loop turn. */
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

class Watched extends ControlledClock {
  longest = 0;

  override setTimeout(callback: () => void, milliseconds: number) {
    this.longest = Math.max(this.longest, milliseconds);
    return super.setTimeout(callback, milliseconds);
  }
}

const dispatcher = (settings: ConstructorParameters<typeof Bench>[0] = {}) => {
  const clock = new Watched();
  const { state } = new Bench(settings);
  let published = 0;
  const made = new Dispatcher(state, clock);
  return {
    clock,
    state,
    dispatcher: made,
    publish: (orderingKey = ''): void => {
      published += 1;
      made.publish({
        id: String(published),
        bytes: Buffer.alloc(10),
        publishTime: clock.now(),
        orderingKey,
      });
    },
    /** @returns the ids of what arrives. */
    stream: (
      maxOutstandingMessages = Infinity,
      writable = () => true,
    ): string[] => {
      const arrived: string[] = [];
      const sink: DeliverySink = {
        writable,
        send: (deliveries) => {
          arrived.push(...deliveries.map(({ message }) => message.id));
        },
        end: () => undefined,
      };
      made.attach(
        {
          maxOutstandingMessages,
          maxOutstandingBytes: Infinity,
          ackDeadlineSeconds: undefined,
        },
        sink,
      );
      return arrived;
    },
  };
};

it('spreads a burst evenly: no stream is more than one response ahead of another', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 0, max: 3000 }),
      async (count, messages) => {
        const { publish, stream, dispatcher: made } = dispatcher();
        const streams = Array.from({ length: count }, () => stream());
        for (let index = 0; index < messages; index += 1) publish();
        await nextTurn();
        const sizes = streams.map(({ length }) => length);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(messages);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(
          Math.min(100, Math.ceil(messages / count)),
        );
        made.close(notFound('test'));
      },
    ),
    { numRuns: 30 },
  );
});

it('gives a trickle to every stream in turn', async () => {
  const { publish, stream, dispatcher: made } = dispatcher();
  const streams = [stream(), stream(), stream()];
  for (let index = 0; index < 30; index += 1) {
    publish();
    await nextTurn();
  }
  expect(streams.map(({ length }) => length)).toEqual([10, 10, 10]);
  made.close(notFound('test'));
});

it('gives the others what a full and a stalled stream cannot take', async () => {
  const { publish, stream, dispatcher: made } = dispatcher();
  const full = stream(3);
  const stalled = stream(Infinity, () => false);
  const free = stream();
  for (let index = 0; index < 500; index += 1) publish();
  await nextTurn();
  expect([full.length, stalled.length, free.length]).toEqual([3, 0, 497]);
  made.close(notFound('test'));
});

it('keeps a key on its stream while its run is outstanding, and its messages in order', async () => {
  const {
    publish,
    stream,
    dispatcher: made,
  } = dispatcher({
    messageOrdering: true,
  });
  const streams = [stream(), stream(), stream()];
  for (let index = 0; index < 300; index += 1) publish(`key ${index % 3}`);
  await nextTurn();
  const all = streams.flat();
  expect(all).toHaveLength(300);
  for (const arrived of streams)
    for (const key of [0, 1, 2]) {
      const mine = arrived.filter((id) => (Number(id) - 1) % 3 === key);
      expect([0, 100]).toContain(mine.length);
      expect(mine).toEqual(mine.toSorted((a, b) => Number(a) - Number(b)));
    }
  made.close(notFound('test'));
});

it('waits for the end of a retention that is longer than a timer can be', async () => {
  const {
    publish,
    clock,
    state,
    dispatcher: made,
  } = dispatcher({
    retention: 31 * DAY,
  });
  publish();
  await nextTurn();
  expect(clock.longest).toBe(2 ** 31 - 1);
  clock.advance(30 * DAY);
  await nextTurn();
  expect(state.statistics().backlog).toBe(1);
  clock.advance(DAY);
  await nextTurn();
  expect(state.statistics().backlog).toBe(0);
  made.close(notFound('test'));
});
