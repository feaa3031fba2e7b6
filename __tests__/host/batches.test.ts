import { v7 as uuidv7 } from 'uuid';

import { triggerTypedEvent } from '../../src/common/typedPubsub.ts';
import { Outbox } from '../../src/entity/index.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { Batcher } from '../../src/workers/batcher.ts';
import { type Message, onBehalfOf } from '../../src/workers/worker.ts';
import { type TestDatabase, createTestDatabase } from '../setup/database.ts';
import {
  deadLetters,
  deliveryFailures,
  servedWorker,
  Stage,
} from './set-up.ts';

let database: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.close());
afterAll(() => database.drop());

type Numbered = { number: number };
type HandleBatch = ConstructorParameters<
  typeof Batcher<Numbered>
>[0]['handleBatch'];

const batchWorker = (
  subscription: string,
  handleBatch: HandleBatch,
  options: Partial<ServedWorker> = {},
): ServedWorker => {
  const batcher = new Batcher<Numbered>({
    subscription,
    size: 100,
    wait: 10,
    handleBatch,
  });
  return servedWorker({
    subscription,
    maxMessages: 200,
    run: (message, ...surroundings) =>
      batcher.handle(
        message as Message<Numbered>,
        // The pool, because the worker is not transactional.
        ...(surroundings as unknown as [never, never, never]),
      ),
    ...options,
  });
};

const serve = async (worker: ServedWorker, count: number) => {
  await stage.subscription(worker);
  await Promise.all(
    Array.from({ length: count }, (_, number) =>
      stage.publish(worker.topic, { number }),
    ),
  );
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  return { host, records };
};

const numbers = (messages: readonly Message<Numbered>[]): number[] =>
  messages.map(({ data }) => data.number);

const upTo = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => index);

test('a thousand messages are few batches, one at a time, each message once', async () => {
  const batches: number[][] = [];
  let running = 0;
  const worker = batchWorker('thousand', async (messages) => {
    running += 1;
    expect(running).toBe(1);
    batches.push(numbers(messages));
    await database.dataSource.query('select 1');
    running -= 1;
  });
  const { host, records } = await serve(worker, 1_000);
  await records.count(1_000);
  await host.drain();
  expect(batches.flat().sort((a, b) => a - b)).toEqual(upTo(1_000));
  expect(batches.every(({ length }) => length <= 100)).toBe(true);
  expect(batches.length).toBeLessThan(200);
  expect(stage.backlog('thousand')).toBe(0);
});

test('messages that a batch names as failed come again alone, the others are acked', async () => {
  const attempts = new Map<number, number>();
  const worker = batchWorker('named', async (messages) => {
    const failed = new Map<Message<Numbered>, unknown>();
    for (const message of messages) {
      const { number } = message.data;
      attempts.set(number, (attempts.get(number) ?? 0) + 1);
      if (number === 7 && attempts.get(7) === 1)
        failed.set(message, new Error('seven'));
    }
    return failed;
  });
  const { host, records } = await serve(worker, 50);
  await records.until(
    (all) => all.filter(({ outcome }) => outcome === 'ack').length === 50,
  );
  await host.drain();
  expect(attempts.get(7)).toBe(2);
  expect(
    [...attempts].filter(([number, times]) => number !== 7 && times !== 1),
  ).toEqual([]);
});

test('a batch that throws is divided until the bad message fails alone and becomes the only dead letter', async () => {
  const effects = new Set<number>();
  const worker = batchWorker(
    'divided',
    async (messages) => {
      if (numbers(messages).includes(13)) throw new Error('thirteen');
      for (const number of numbers(messages)) effects.add(number);
    },
    { maxFailures: 2 },
  );
  const { host, records } = await serve(worker, 64);
  await records.until(
    (all) => all.filter(({ outcome }) => outcome !== 'nack').length === 64,
  );
  await host.drain();
  expect([...effects].sort((a, b) => a - b)).toEqual(
    upTo(64).filter((number) => number !== 13),
  );
  const buried = await deadLetters(database.dataSource, 'divided');
  expect(buried.map(({ payload }) => payload.toString())).toEqual([
    JSON.stringify({ number: 13 }),
  ]);
  expect(await deliveryFailures(database.dataSource, 'divided')).toEqual([]);
});

test('a batch that never returns is given up when its time is up, and others go on', async () => {
  const effects = new Set<number>();
  let hung = false;
  const worker = batchWorker(
    'hanging',
    async (messages) => {
      if (!hung) {
        hung = true;
        await new Promise(() => undefined);
      }
      for (const number of numbers(messages)) effects.add(number);
    },
    { timeoutSeconds: 0.2 },
  );
  const { host, records } = await serve(worker, 300);
  await records.until(
    (all) => all.filter(({ outcome }) => outcome === 'ack').length === 300,
  );
  await host.drain();
  expect(effects.size).toBe(300);
});

test('messages given up while they wait, or while their batch is divided, are let go: else they would count as running for ever', async () => {
  const goOn = Promise.withResolvers<void>();
  const given = new AbortController();
  const batches: number[][] = [];
  const batcher = new Batcher<Numbered>({
    subscription: 'let-go',
    size: 2,
    wait: 1,
    handleBatch: async (messages) => {
      batches.push(numbers(messages));
      await goOn.promise;
      given.abort(new Error('its time is up'));
      if (messages.length > 1) throw new Error('one of them is bad');
    },
  });
  const handle = (number: number, signal: AbortSignal) =>
    batcher.handle(
      { data: { number }, signal } as Message<Numbered>,
      ...([database.dataSource, undefined, undefined] as unknown as [
        never,
        never,
        never,
      ]),
    );
  const { signal: patient } = new AbortController();
  const ends = [
    handle(0, patient),
    handle(1, given.signal),
    handle(2, given.signal),
  ];
  goOn.resolve();
  expect(await Promise.allSettled(ends)).toMatchObject([
    { status: 'fulfilled' },
    { reason: { message: 'its time is up' } },
    { reason: { message: 'its time is up' } },
  ]);
  expect(batches).toEqual([[0, 1], [0]]);
});

test('a drain waits for the batch that runs and loses none that waits for its turn', async () => {
  const effects = new Set<number>();
  const entered = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const worker = batchWorker('draining', async (messages) => {
    entered.resolve();
    await goOn.promise;
    for (const number of numbers(messages)) effects.add(number);
  });
  const { host } = await serve(worker, 500);
  await entered.promise;
  const drained = host.drain();
  goOn.resolve();
  await drained;
  expect(effects.size + stage.backlog('draining')).toBe(500);
  expect(effects.size).toBeGreaterThan(0);
});

test('an event that one message causes keeps its id in every batch into which that message comes', async () => {
  const vote = { postId: uuidv7(), userId: uuidv7() };
  const batches = new Set<number>();
  const causes = new Set<string | undefined>();
  const worker = batchWorker(
    'causes',
    async (messages, { manager }, logger) => {
      batches.add(messages.length);
      for (const message of messages) {
        causes.add(message.attributes['id']);
        await onBehalfOf(message, () =>
          triggerTypedEvent(logger, 'post-upvoted', vote, { manager }),
        );
      }
      if (messages.length > 8) throw new Error('too many at once');
    },
  );
  const { host, records } = await serve(worker, 64);
  await records.until(
    (all) => all.filter(({ outcome }) => outcome === 'ack').length === 64,
  );
  await host.drain();
  expect(Math.max(...batches)).toBeGreaterThan(8);
  const events = await database.dataSource.getRepository(Outbox).find();
  expect(events).toHaveLength(64);
  expect(new Set(events.map(({ cause }) => cause))).toEqual(causes);
});

test('only a message of the batch that is being handled can have something done on its behalf', () => {
  expect(() => onBehalfOf({}, () => undefined)).toThrow(
    'expected a message of the batch',
  );
});
