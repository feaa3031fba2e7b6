import { pino } from 'pino';

import { Inbox, User } from '../../src/entity/index.ts';
import { HandlerTimeoutError } from '../../src/host/errors.ts';
import { PermanentError } from '../../src/workers/worker.ts';
import { createDataSource } from '../../src/data-source.ts';
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

const deadLetterPolicy = {
  deadLetterTopic: 'projects/host-tests/topics/net',
  maxDeliveryAttempts: 20,
};

test('a message is handled once and acked', async () => {
  const received: unknown[] = [];
  const worker = servedWorker({
    run: async ({ data }) => {
      received.push(data);
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  expect(host.status()).toMatchObject({ ready: true });
  await stage.publish(worker.topic, { hello: 'world' });
  await records.count(1);
  await host.drain();
  expect(received).toEqual([{ hello: 'world' }]);
  expect(records.entries).toMatchObject([{ outcome: 'ack' }]);
  expect(stage.backlog(worker.subscription)).toBe(0);
});

test('a recorder that throws is logged, and the message settled all the same', async () => {
  const worker = servedWorker({
    subscription: 'unrecorded',
    run: async () => undefined,
  });
  await stage.subscription(worker);
  const lines: string[] = [];
  const { host, records } = stage.host(database.dataSource, [worker], {
    recorder: {
      of: () => ({
        wants: () => true,
        record: () => {
          throw new Error('no room to record in');
        },
      }),
    },
    logger: pino({}, { write: (line) => void lines.push(line) }),
  });
  await host.start();
  for (let count = 0; count < 5; count += 1)
    await stage.publish(worker.topic, { count });
  await records.count(5);
  expect(host.status().inFlight).toBe(0);
  await host.drain();
  expect(stage.backlog(worker.subscription)).toBe(0);
  expect(lines.filter((line) => line.includes('no room to record in'))).toEqual(
    [expect.stringContaining('"subscription":"unrecorded"')],
  );
});

test('a failing handler is redelivered until its last failure is a dead letter', async () => {
  const worker = servedWorker({
    subscription: 'failing',
    maxFailures: 3,
    run: async () => {
      throw new Error('the mail server is on fire');
    },
  });
  await stage.client.createTopic('net');
  await stage.subscription(worker, { deadLetterPolicy });
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  const id = await stage.publish(worker.topic, { mail: 1 });
  await records.until((all) => all.some((one) => one.outcome !== 'nack'));
  await host.drain();
  expect(
    records.entries.map(({ outcome, failures }) => [outcome, failures]),
  ).toEqual([
    ['nack', 1],
    ['nack', 2],
    ['dead-letter', 3],
  ]);
  const letters = await deadLetters(database.dataSource, 'failing');
  expect(letters).toMatchObject([
    {
      identity: id,
      topic: worker.topic,
      attempts: 3,
      attributes: { id },
      error: 'Error: the mail server is on fire',
      errorStack: expect.stringContaining('settling.test.ts'),
      state: 'open',
    },
  ]);
  expect(letters[0]?.payload.toString()).toBe('{"mail":1}');
  expect(await deliveryFailures(database.dataSource, 'failing')).toEqual([]);
  expect(stage.backlog('failing')).toBe(0);
});

test('a success after a failure forgets the failure', async () => {
  let runs = 0;
  const worker = servedWorker({
    subscription: 'recovering',
    run: async () => {
      runs += 1;
      if (runs === 1) throw new Error('once');
    },
  });
  await stage.client.createTopic('net');
  await stage.subscription(worker, { deadLetterPolicy });
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, {});
  await records.count(2);
  expect(records.entries.map(({ outcome }) => outcome)).toEqual([
    'nack',
    'ack',
  ]);
  expect(await deliveryFailures(database.dataSource, 'recovering')).toEqual([]);
});

test('an invalid payload is a dead letter at once, and the handler never runs', async () => {
  const run = async () => {
    throw new Error('must not run');
  };
  const worker = servedWorker({ subscription: 'invalid', run });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, Buffer.from('{not json'));
  await records.count(1);
  await host.drain();
  expect(records.entries).toMatchObject([
    { outcome: 'dead-letter', failureKind: 'unparsable' },
  ]);
  const letters = await deadLetters(database.dataSource, 'invalid');
  expect(letters).toMatchObject([{ attempts: 0 }]);
  expect(letters[0]?.payload.toString()).toBe('{not json');
  expect(stage.backlog('invalid')).toBe(0);
});

test('a permanent error is a dead letter at once', async () => {
  const worker = servedWorker({
    subscription: 'permanent',
    run: async () => {
      throw new PermanentError('no such post');
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, {});
  await records.count(1);
  expect(records.entries).toMatchObject([
    { outcome: 'dead-letter', failures: 1 },
  ]);
  expect(await deadLetters(database.dataSource, 'permanent')).toMatchObject([
    { attempts: 1, error: 'PermanentError: no such post' },
  ]);
});

const insertUser = (username: string) => ({
  id: '0199d000-0000-7000-8000-000000000001',
  username,
  name: username,
  email: `${username}@example.com`,
});

test('a message whose id Postgres cannot store is a dead letter all the same', async () => {
  const worker = servedWorker({
    subscription: 'unstorable-id',
    run: async () => {
      throw new PermanentError('never');
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.client.topic(worker.topic).publishMessage({
    data: Buffer.from('{}'),
    attributes: { id: 'no\0id' },
  });
  await records.count(1);
  await host.drain();
  expect(records.entries).toMatchObject([{ outcome: 'dead-letter' }]);
  expect(await deadLetters(database.dataSource, 'unstorable-id')).toMatchObject(
    [{ identity: 'no␀id', error: 'PermanentError: never' }],
  );
});

test('a transactional worker handles an event once, too, whose id Postgres cannot store', async () => {
  const worker = servedWorker({
    subscription: 'unstorable-inbox',
    transactional: true,
    run: async () => undefined,
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  for (let time = 1; time <= 2; time += 1) {
    await stage.client.topic(worker.topic).publishMessage({
      data: Buffer.from('{}'),
      attributes: { id: 'no\0id' },
    });
    await records.count(time);
  }
  expect(records.entries.map(({ outcome }) => outcome)).toEqual([
    'ack',
    'duplicate',
  ]);
});

test('the same event twice takes effect once in a transactional worker', async () => {
  let runs = 0;
  const worker = servedWorker({
    subscription: 'transactional',
    transactional: true,
    run: async (_message, con) => {
      runs += 1;
      await con.getRepository(User).insert(insertUser('once'));
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  const id = await stage.publish(worker.topic, {});
  await records.count(1);
  await stage.publish(worker.topic, {}, { id });
  await records.count(2);
  await host.drain();
  expect(records.entries.map(({ outcome }) => outcome)).toEqual([
    'ack',
    'duplicate',
  ]);
  expect(runs).toBe(1);
  expect(
    await database.dataSource
      .getRepository(Inbox)
      .findBy({ subscription: 'transactional' }),
  ).toMatchObject([{ eventId: id }]);
  expect(stage.backlog('transactional')).toBe(0);
});

test('a failed transactional handler leaves neither effects nor an inbox row', async () => {
  let runs = 0;
  const worker = servedWorker({
    subscription: 'rolling-back',
    transactional: true,
    run: async (_message, con) => {
      runs += 1;
      if (runs === 1) {
        await con
          .getRepository(User)
          .update({ username: 'once' }, { name: 'half done' });
        throw new Error('after the update');
      }
      expect(
        await con.getRepository(User).findOneBy({ username: 'once' }),
      ).toMatchObject({ name: 'once' });
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, {});
  await records.count(2);
  expect(records.entries.map(({ outcome }) => outcome)).toEqual([
    'nack',
    'ack',
  ]);
});

test('a swallowed error of a statement is a failure, not a commit of nothing', async () => {
  const worker = servedWorker({
    subscription: 'swallowing',
    transactional: true,
    maxFailures: 1,
    run: async (_message, con) => {
      await con.query('select 1 / 0').catch(() => undefined);
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, {});
  await records.count(1);
  expect(records.entries).toMatchObject([
    { outcome: 'dead-letter', error: { name: 'TransactionFailedError' } },
  ]);
});

test('a statement that fails behind the back of its handler is a failure, again and again, and is counted', async () => {
  const worker = servedWorker({
    subscription: 'unawaited',
    transactional: true,
    maxFailures: 3,
    run: async (_message, con) => {
      // The handler has ended before Postgres says that it failed.
      void con.query('select 1 / 0').catch(() => undefined);
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, {});
  await records.count(3);
  expect(
    records.entries.map(({ outcome, failures }) => [outcome, failures]),
  ).toEqual([
    ['nack', 1],
    ['nack', 2],
    ['dead-letter', 3],
  ]);
});

test('a message without an event id is a dead letter of a transactional worker', async () => {
  const worker = servedWorker({
    subscription: 'unidentified',
    transactional: true,
    eventId: () => undefined,
    run: async () => undefined,
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, {});
  await records.count(1);
  expect(records.entries).toMatchObject([
    { outcome: 'dead-letter', error: { name: 'MissingEventIdError' } },
  ]);
});

test('a timeout aborts the signal, cuts the transaction and frees the slot', async () => {
  const aborted = Promise.withResolvers<unknown>();
  const afterwards = Promise.withResolvers<unknown>();
  let runs = 0;
  const worker = servedWorker({
    subscription: 'slow',
    transactional: true,
    maxMessages: 1,
    timeoutSeconds: 0.3,
    run: async ({ signal }, con) => {
      runs += 1;
      if (runs > 1) return;
      signal.addEventListener('abort', () => {
        aborted.resolve(signal.reason);
      });
      // On a busy machine its time is up before the update has returned.
      await con
        .getRepository(User)
        .update({ username: 'once' }, { name: 'too late' })
        .catch(() => undefined);
      await aborted.promise;
      await con
        .query('select 1')
        .then(afterwards.resolve, () => afterwards.resolve('cut'));
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, {});
  expect(await aborted.promise).toBeInstanceOf(HandlerTimeoutError);
  expect(await afterwards.promise).toBe('cut');
  await records.count(2);
  expect(records.entries).toMatchObject([
    { outcome: 'nack', failures: 1, error: { name: 'HandlerTimeoutError' } },
    { outcome: 'ack' },
  ]);
  expect(
    await database.dataSource
      .getRepository(User)
      .findOneBy({ username: 'once' }),
  ).toMatchObject({ name: 'once' });
});

test('with Postgres down messages are nacked, none is lost and none is blamed', async () => {
  const own = await createTestDatabase();
  const dataSource = await createDataSource({
    url: own.url,
    poolSize: 3,
  }).initialize();
  const effects = new Set<string>();
  const workers = ['down-transactional', 'down-failing'].map((subscription) =>
    servedWorker({
      subscription,
      transactional: subscription === 'down-transactional',
      maxFailures: 2,
      run: async ({ attributes }) => {
        if (subscription === 'down-failing' && down)
          throw new Error('fails while Postgres is down');
        effects.add(`${subscription}/${attributes['id']}`);
      },
    }),
  );
  let down = true;
  for (const worker of workers) await stage.subscription(worker);
  await own.dataSource.query(
    `create or replace function refuse() returns trigger language plpgsql as
     $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$`,
  );
  for (const table of ['inbox', 'delivery_failure'])
    await own.dataSource.query(
      `create trigger refuse before insert on ${table} execute function refuse()`,
    );
  const { host, records } = stage.host(dataSource, workers);
  await host.start();
  const ids = await Promise.all(
    Array.from({ length: 10 }, () => stage.publish('host-test', {})),
  );
  await records.count(60);
  expect(records.entries.every(({ outcome }) => outcome === 'nack')).toBe(true);
  // Failures stay refused: what began to fail while Postgres was down may be recorded at any time.
  down = false;
  await own.dataSource.query('drop trigger refuse on inbox');
  await records.until(
    (all) => all.filter(({ outcome }) => outcome === 'ack').length >= 20,
  );
  await host.drain();
  for (const { subscription } of workers) {
    for (const id of ids) expect(effects).toContain(`${subscription}/${id}`);
    expect(stage.backlog(subscription)).toBe(0);
    expect(await deadLetters(own.dataSource, subscription)).toEqual([]);
    expect(await deliveryFailures(own.dataSource, subscription)).toEqual([]);
  }
  await dataSource.destroy();
  await own.drop();
});

test('a handler that throws before it gives a promise fails like any other', async () => {
  const worker = servedWorker({
    subscription: 'synchronous',
    maxFailures: 1,
    run: () => {
      throw new TypeError('synchronous');
    },
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  await stage.publish(worker.topic, {});
  await records.count(1);
  expect(records.entries).toMatchObject([
    { outcome: 'dead-letter', error: { message: 'synchronous' } },
  ]);
});

test('whatever a handler throws, readable or not, is its failure and a dead letter', async () => {
  const thrown: Readonly<Record<string, unknown>> = {
    text: 'in words',
    nothing: undefined,
    symbol: Symbol('odd'),
    'no prototype': Object.create(null),
    'an error whose message throws': Object.defineProperty(
      new Error(),
      'message',
      {
        get: () => {
          throw new Error('not to be read');
        },
      },
    ),
    'a proxy without a prototype': new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('not to be asked');
        },
      },
    ),
  };
  const names = Object.keys(thrown);
  const worker = servedWorker({
    subscription: 'throwing-anything',
    maxFailures: 1,
    run: ({ attributes }) =>
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what this is about.
      Promise.reject(thrown[attributes['throws'] ?? '']),
  });
  await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, [worker]);
  await host.start();
  for (const throws of names)
    await stage.publish(worker.topic, {}, { attributes: { throws } });
  await records.count(names.length);
  await host.drain();
  expect(records.entries.map(({ outcome }) => outcome)).toEqual(
    names.map(() => 'dead-letter'),
  );
  const letters = await deadLetters(database.dataSource, worker.subscription);
  expect(letters.map(({ error }) => error).sort()).toEqual(
    [
      'in words',
      'a value of type undefined',
      'a value of type symbol',
      'a value of type object',
      'an error that cannot be read',
      'an error that cannot be read',
    ]
      .map(
        (words) =>
          `NoErrorThrownError: expected the handler to throw an Error, got: ${words}`,
      )
      .sort(),
  );
  expect(stage.backlog(worker.subscription)).toBe(0);
});
