import fc from '../random/property.ts';

import type { OutgoingMessage } from '../../src/cdc/outgoing-message.ts';
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

/**
 * A publisher of one key with the rules of Google's client: batches one after the other, a failed
 * batch fails as a whole, and what waits is rejected until publishing is resumed.
 */
const clientOf = (
  isPoison: (identity: string) => boolean,
  fails: () => boolean,
) => {
  const delivered: string[] = [];
  let waiting: { identity: string; done: (error?: Error) => void }[] = [];
  let error: Error | undefined;
  let flushing = false;
  const flush = async () => {
    flushing = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await new Promise((resolve) => setImmediate(resolve));
      const failure = fails()
        ? unavailable()
        : batch.some(({ identity }) => isPoison(identity))
          ? refused()
          : undefined;
      if (!failure) delivered.push(...batch.map(({ identity }) => identity));
      for (const { done } of batch) done(failure);
      if (!failure) continue;
      await Promise.resolve();
      error = Object.assign(new Error('held back'), {
        code: 3,
        orderingKey: 'key',
      });
      for (const { done } of waiting.splice(0)) done(failure);
    }
    flushing = false;
  };
  return {
    delivered,
    resume: () => {
      error = undefined;
    },
    send: ({ identity }: OutgoingMessage) =>
      new Promise<void>((resolve, reject) => {
        if (error) {
          reject(error);
          return;
        }
        waiting.push({
          identity,
          done: (failure) => {
            if (failure) reject(failure);
            else resolve();
          },
        });
        if (!flushing) void flush();
      }),
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
        const client = clientOf(isPoison, () => failures.pop() ?? false);
        const buried: string[] = [];
        const settled: string[] = [];
        const drained = Promise.withResolvers<void>();
        const lane = new Lane('events', 'key', {
          send: client.send,
          resume: client.resume,
          bury: async ({ identity }) => {
            buried.push(identity);
          },
          blocked: () => undefined,
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
            settled: () => settled.push(identity),
          });
          for (let turn = 0; turn < pauses[index]!; turn += 1)
            await new Promise((resolve) => setImmediate(resolve));
        }
        await drained.promise;
        const all = [...poisons.keys()].map(String);
        expect(buried).toEqual(all.filter(isPoison));
        expect(client.delivered).toEqual(
          all.filter((identity) => !isPoison(identity)),
        );
        expect(settled).toEqual(all);
      },
    ),
    { numRuns: 60 },
  );
});
