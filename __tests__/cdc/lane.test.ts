import fc from '../random/property.ts';

import type { OutgoingMessage } from '../../src/cdc/outgoing-message.ts';
import { Calls } from '../../src/cdc/publish/calls.ts';
import { Lane } from '../../src/cdc/publish/lane.ts';

const refused = () => Object.assign(new Error('refused'), { code: 3 });
const unavailable = () => Object.assign(new Error('unavailable'), { code: 14 });

const messageOf = (identity: string): OutgoingMessage => ({
  topic: 'events',
  orderingKey: 'key',
  attributes: {},
  data: Buffer.from(identity),
  source: 'outbox',
  identity,
});

/** A broker with the rules of Pub/Sub: a call is taken as a whole or refused as a whole. */
const brokerOf = (
  isPoison: (identity: string) => boolean,
  fails: () => boolean,
) => {
  const delivered: string[] = [];
  let underWay = 0;
  return {
    delivered,
    send: async (messages: readonly OutgoingMessage[]): Promise<void> => {
      underWay += 1;
      if (underWay > 1) throw new Error('expected one call at a time');
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      const identities = messages.map(({ identity }) => identity);
      if (fails()) throw unavailable();
      if (identities.some(isPoison)) throw refused();
      delivered.push(...identities);
    },
  };
};

it('delivers every message in order, and buries the refused ones and no other', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
      fc.array(fc.boolean(), { maxLength: 2 }),
      fc.array(fc.nat({ max: 2 }), { minLength: 12, maxLength: 12 }),
      async (poisons, outages, pauses) => {
        const isPoison = (identity: string) => poisons[Number(identity)]!;
        const failures = [...outages];
        const broker = brokerOf(isPoison, () => failures.pop() ?? false);
        const unwritten = [...outages];
        const buried: string[] = [];
        const settled: string[] = [];
        const drained = Promise.withResolvers<void>();
        const lane = new Lane('events\0key', 'events', {
          send: broker.send,
          calls: new Calls(1),
          bury: async ({ identity }) => {
            if (unwritten.pop()) throw new Error('the desk is away');
            buried.push(identity);
          },
          blocked: () => undefined,
          settled: ({ message }) => settled.push(message.identity),
          drained: () => {
            if (settled.length === poisons.length) drained.resolve();
          },
          signal: new AbortController().signal,
          backoff: { minimum: 1, maximum: 2 },
        });
        for (const index of poisons.keys()) {
          const identity = String(index);
          lane.add({
            message: messageOf(identity),
            bytes: 1,
            failure: undefined,
          });
          for (let turn = 0; turn < pauses[index]!; turn += 1)
            await new Promise((resolve) => setImmediate(resolve));
        }
        await drained.promise;
        const all = [...poisons.keys()].map(String);
        expect(buried).toEqual(all.filter(isPoison));
        expect(broker.delivered).toEqual(
          all.filter((identity) => !isPoison(identity)),
        );
        expect(settled).toEqual(all);
      },
    ),
    { numRuns: 60 },
  );
});

it('sends together what came while a call was under way, and a large message alone', async () => {
  const sizes = [10, 10, 10, 5_000_000, 10, 800_000, 800_000];
  const calls: number[] = [];
  const drained = Promise.withResolvers<void>();
  const lane = new Lane('events\0key', 'events', {
    send: async (messages) => {
      calls.push(messages.length);
      await new Promise((resolve) => setImmediate(resolve));
    },
    calls: new Calls(1),
    bury: () => Promise.reject(new Error('expected nothing to be buried')),
    blocked: () => undefined,
    settled: () => undefined,
    drained: () => drained.resolve(),
    signal: new AbortController().signal,
  });
  for (const size of sizes)
    lane.add({
      message: messageOf('a'),
      bytes: size,
      failure: undefined,
    });
  await drained.promise;
  expect(calls).toEqual([1, 2, 1, 2, 1]);
});

it('waits for its turn when others use all calls, and leaves the turn to them while it pauses', async () => {
  const calls = new Calls(1);
  const sent: string[] = [];
  const refusedOnce = new Set(['first']);
  const bothDrained = Promise.withResolvers<void>();
  let drained = 0;
  const laneOf = (name: string) =>
    new Lane(`events\0${name}`, 'events', {
      send: async ([message]) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (refusedOnce.delete(message!.identity)) throw unavailable();
        sent.push(message!.identity);
      },
      calls,
      bury: () => Promise.reject(new Error('expected nothing to be buried')),
      blocked: () => undefined,
      settled: () => undefined,
      drained: () => {
        drained += 1;
        if (drained === 2) bothDrained.resolve();
      },
      signal: new AbortController().signal,
      backoff: { minimum: 20, maximum: 20 },
    });
  for (const name of ['first', 'second'])
    laneOf(name).add({
      message: messageOf(name),
      bytes: 1,
      failure: undefined,
    });
  await bothDrained.promise;
  expect(sent).toEqual(['second', 'first']);
});
