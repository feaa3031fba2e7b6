import { v7 as uuidv7 } from 'uuid';

import { CausalityRecorder } from '../../src/causality/recorder.ts';
import { traceCauses } from '../../src/causality/trace/trace.ts';
import { insertIntoOutbox } from '../../src/events/outbox.ts';
import { Delivery } from '../../src/host/delivery.ts';
import { handleMessage } from '../../src/host/handle.ts';
import { redriveEntry } from '../../src/host/redrive.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { logger, servedWorker, Stage } from '../host/set-up.ts';

let database: TestDatabase;
let stage: Stage;
let recorder: CausalityRecorder;

beforeAll(async () => {
  database = await createTestDatabase();
  stage = await Stage.open();
  recorder = new CausalityRecorder({ con: database.dataSource, logger });
});

afterAll(async () => {
  await stage.close();
  await recorder.stop();
  await database.drop();
});

const event = (id: string, topic: string) =>
  insertIntoOutbox(database.dataSource.manager, {
    id,
    topic,
    payload: Buffer.from('{}'),
    orderingKey: undefined,
    traceparent: undefined,
    cause: undefined,
  });

const deliveryOf = async (id: string) => {
  await recorder.flush();
  const { nodes } = await traceCauses(database.dataSource, { id });
  return nodes.find(({ kind }) => kind === 'delivery');
};

test('delivered 4 times, effected once: two failures, the effect, and a redelivery that the inbox knows', async () => {
  let runs = 0;
  const worker = servedWorker({
    subscription: 'failing-at-first',
    topic: 'failing-at-first',
    transactional: true,
    run: async () => {
      runs += 1;
      if (runs <= 2) throw new RangeError('not yet');
    },
  });
  await stage.subscription(worker, {
    deadLetterPolicy: {
      deadLetterTopic: `projects/host-tests/topics/failing-at-first`,
      maxDeliveryAttempts: 20,
    },
  });
  const { host, records } = stage.host(database.dataSource, [worker], {
    recorder,
  });
  await host.start();
  const id = await stage.publish(worker.topic, {});
  await event(id, worker.topic);
  await records.count(3);
  await stage.publish(worker.topic, {}, { id });
  await records.count(4);
  const delivery = await deliveryOf(id);
  expect(delivery).toMatchObject({
    title: 'failing-at-first',
    state: 'handled',
    summary: 'delivered 4 times, effected once (2 failed, 1 duplicate)',
    attempts: [
      {
        outcome: 'nack',
        why: 'first',
        number: 1,
        error: 'handler: RangeError',
      },
      { outcome: 'nack', why: 'redelivered', number: 2 },
      { outcome: 'ack', why: 'redelivered', number: 3 },
      { outcome: 'duplicate', why: 'published again', number: 1 },
    ],
  });
});

test('a message that came again while its handler ran is one attempt that answered two deliveries', async () => {
  const worker = servedWorker({
    subscription: 'slow',
    topic: 'slow',
    run: async () => {
      delivery.join(received());
    },
  });
  const id = uuidv7();
  const received = () =>
    new Delivery(
      '1',
      Buffer.from('{}'),
      { id },
      new Date(),
      1,
      '',
      { ack: () => undefined, nack: () => undefined },
      Date.now(),
    );
  const delivery = received();
  await event(id, worker.topic);
  await handleMessage(
    {
      dataSource: database.dataSource,
      logger,
      pubsub: stage.client,
      recorder: recorder.of(worker),
    },
    worker,
    delivery,
  );
  expect(await deliveryOf(id)).toMatchObject({
    summary: 'delivered twice, handled once',
    attempts: [{ copies: 2 }],
  });
});

test('a dead letter is said to be one, its entry leads here, and its redrive is one more attempt', async () => {
  const worker = servedWorker({
    subscription: 'hopeless',
    topic: 'hopeless',
    maxFailures: 1,
    run: async () => {
      throw new Error('never');
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker], {
    recorder,
  });
  await host.start();
  const id = await stage.publish(worker.topic, {});
  await event(id, worker.topic);
  await records.count(1);
  const delivery = await deliveryOf(id);
  expect(delivery).toMatchObject({
    state: 'dead-letter',
    summary: 'delivered once, a dead letter (1 failed)',
  });
  const byEntry = await traceCauses(database.dataSource, {
    id: delivery!.deadLetter!,
  });
  expect(byEntry.found).toEqual([`event:${id}`]);

  const mended = { ...worker, run: async () => undefined };
  await redriveEntry(
    {
      dataSource: database.dataSource,
      logger,
      pubsub: stage.client,
      recorder,
      workers: new Map([[worker.subscription, mended]]),
    },
    {
      id: delivery!.deadLetter!,
      actor: 'on-call',
      signal: new AbortController().signal,
    },
  );
  expect(await deliveryOf(id)).toMatchObject({
    state: 'handled',
    summary: 'delivered twice, handled once (1 failed)',
    attempts: [{ why: 'first' }, { why: 'redriven', outcome: 'ack' }],
  });
});

test('what nothing is known of is refused with what may be given', async () => {
  await expect(
    traceCauses(database.dataSource, { table: 'post', key: 'x' }),
  ).rejects.toThrow(
    /expected row x of table post to be known, found nothing; give the id/,
  );
});
