import type { PubSub } from '@google-cloud/pubsub';
import { trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { pino } from 'pino';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7, version } from 'uuid';
import { z } from 'zod';

import { triggerTypedEvent } from '../../src/common/typedPubsub.ts';
import { closeConnection } from '../../src/db.ts';
import { Outbox } from '../../src/entity/index.ts';
import { withCause } from '../../src/events/context.ts';
import {
  configureDirectPublisher,
  createDirectPublisher,
  type DirectPublisher,
  flushDirectPublisher,
} from '../../src/events/direct-publisher.ts';
import {
  EventLostError,
  InvalidEventError,
  UnknownTopicError,
} from '../../src/events/errors.ts';
import { jsonTopic } from '../../src/events/topic.ts';
import { createTrigger } from '../../src/events/trigger.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import { freePort } from '../../src/local/ports.ts';
import {
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

const logger = pino({ level: 'silent' });
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  // The pool of the process, which events outside of transactions use.
  process.env.DATABASE_URL = database.url;
});

afterAll(async () => {
  await closeConnection();
  await database.drop();
});

afterEach(async () => {
  await database.dataSource.getRepository(Outbox).clear();
});

const stored = () =>
  database.dataSource.getRepository(Outbox).find({ order: { id: 'asc' } });

const user = () => ({ userId: uuidv7() });

const handling = <Result>(
  id: string,
  manager: EntityManager | undefined,
  handler: () => Result,
) =>
  withCause({ id, subscription: 'api.experiment-allocated', manager }, handler);

class Refused extends Error {}

describe('triggerTypedEvent', () => {
  it('stores a complete event and gives its id', async () => {
    const payload = user();
    const id = await triggerTypedEvent(logger, 'user-created', payload);
    expect(version(id)).toBe(7);
    const rows = await stored();
    expect(rows).toEqual([
      expect.objectContaining({
        id,
        topic: 'user-created',
        type: 'user-created',
        orderingKey: id,
        traceparent: null,
        cause: null,
      }),
    ]);
    expect(JSON.parse(rows[0]!.payload.toString())).toEqual(payload);
  });

  it('keeps the ordering key it is given', async () => {
    await triggerTypedEvent(logger, 'user-created', user(), {
      orderingKey: 'a key',
    });
    expect((await stored())[0]?.orderingKey).toBe('a key');
  });

  it('joins the transaction of its manager: rolled back, nothing is left', async () => {
    const refused = database.dataSource.transaction(async (manager) => {
      await triggerTypedEvent(logger, 'user-created', user(), { manager });
      expect(await manager.count(Outbox)).toBe(1);
      throw new Refused();
    });
    await expect(refused).rejects.toThrow(Refused);
    expect(await stored()).toEqual([]);
  });

  it('joins the transaction of the handler that runs', async () => {
    const refused = database.dataSource.transaction((manager) =>
      handling('cause', manager, async () => {
        await triggerTypedEvent(logger, 'user-created', user());
        throw new Refused();
      }),
    );
    await expect(refused).rejects.toThrow(Refused);
    expect(await stored()).toEqual([]);
  });

  it('triggers the same events again in a redelivered handler, without effect', async () => {
    const run = () =>
      handling('the message', undefined, async () => [
        await triggerTypedEvent(logger, 'user-created', user()),
        await triggerTypedEvent(logger, 'user-created', user()),
        await triggerTypedEvent(logger, 'user-created', user(), { key: 'k' }),
      ]);
    const first = await run();
    const before = await stored();
    expect(new Set(first).size).toBe(3);
    expect(await run()).toEqual(first);
    expect(await stored()).toEqual(before);
    expect(before.map(({ cause }) => cause)).toEqual(
      Array(3).fill('the message'),
    );
  });

  it('does not abort the transaction of a redelivered handler', async () => {
    const run = () =>
      database.dataSource.transaction((manager) =>
        handling('again', manager, async () => {
          await triggerTypedEvent(logger, 'user-created', user());
          return manager.count(Outbox);
        }),
      );
    expect([await run(), await run()]).toEqual([1, 1]);
  });

  it('refuses an invalid payload, naming the field, and stores nothing', async () => {
    const refused = triggerTypedEvent(logger, 'user-created', { userId: '7' });
    await expect(refused).rejects.toThrow(InvalidEventError);
    await expect(refused).rejects.toThrow(/userId: /);
    expect(await stored()).toEqual([]);
  });

  it.each(['user-craeted', 'api.changes', 'toString'])(
    'refuses to trigger on %s',
    async (topic) => {
      await expect(
        triggerTypedEvent(logger, topic as 'user-created', user()),
      ).rejects.toThrow(UnknownTopicError);
      expect(await stored()).toEqual([]);
    },
  );

  it('does not compile with the payload or the topic of another', () => {
    const neverRun = async () => {
      // @ts-expect-error a field of another topic
      await triggerTypedEvent(logger, 'user-created', { postId: uuidv7() });
      // @ts-expect-error not a topic
      await triggerTypedEvent(logger, 'user-gone', user());
      // @ts-expect-error row changes are published by change data capture alone
      await triggerTypedEvent(logger, 'api.changes', {});
    };
    expect(neverRun).toBeDefined();
  });

  it('suggests the topic that was meant', async () => {
    await expect(
      triggerTypedEvent(logger, 'user-craeted' as 'user-created', user()),
    ).rejects.toThrow(/did you mean user-created/);
  });

  it('stores the trace that the event belongs to', async () => {
    const provider = new NodeTracerProvider();
    provider.register();
    try {
      const traceId = await trace
        .getTracer('test')
        .startActiveSpan('request', async (span) => {
          await triggerTypedEvent(logger, 'user-created', user());
          span.end();
          return span.spanContext().traceId;
        });
      expect((await stored())[0]?.traceparent).toMatch(
        new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`),
      );
    } finally {
      trace.disable();
      await provider.shutdown();
    }
  });
});

describe('a topic with transport: direct', () => {
  const topics = {
    views: jsonTopic(z.object({ post: z.string() }), { transport: 'direct' }),
  };
  const trigger = createTrigger(topics);
  let server: PubSubServer;
  let pubsub: PubSub;

  const client = (address: string) =>
    createPublisherClient({ projectId: 'test', emulatorHost: address });

  beforeAll(async () => {
    server = await startPubSub();
    pubsub = client(server.address);
    await pubsub.createTopic('views');
    await pubsub.topic('views').createSubscription('viewers');
  });

  afterAll(async () => {
    await pubsub.close();
    await server.stop();
  });

  afterEach(() => configureDirectPublisher(undefined));

  it('is published straight away, with the attributes of every event', async () => {
    configureDirectPublisher(createDirectPublisher(pubsub));
    const id = await handling('a cause', undefined, () =>
      trigger(logger, 'views', { post: 'p' }),
    );
    await flushDirectPublisher();
    const subscription = pubsub.subscription('viewers');
    const message = await new Promise<{
      attributes: Record<string, string>;
      data: Buffer;
    }>((resolve, reject) => {
      subscription.on('error', reject);
      subscription.on('message', (received) => {
        received.ack();
        resolve(received);
      });
    });
    await subscription.close();
    expect(message.attributes).toMatchObject({
      id,
      eventType: 'views',
      cause: 'a cause',
    });
    expect(message.data.toString()).toBe('{"post":"p"}');
    expect(await stored()).toEqual([]);
  });

  it('takes the outbox in a transaction, so that nothing is told of what rolls back', async () => {
    configureDirectPublisher(createDirectPublisher(pubsub));
    await database.dataSource.transaction((manager) =>
      trigger(logger, 'views', { post: 'p' }, { manager }),
    );
    expect(await stored()).toHaveLength(1);
  });

  it('takes the outbox under the same id when the broker is down', async () => {
    const unreachable = client(`127.0.0.1:${await freePort()}`);
    configureDirectPublisher(
      createDirectPublisher(unreachable, { timeoutMilliseconds: 200 }),
    );
    const id = await trigger(logger, 'views', { post: 'p' });
    expect((await stored()).map((row) => row.id)).toEqual([id]);
    await unreachable.close();
  });

  it('takes the outbox when the broker refuses', async () => {
    const elsewhere = createTrigger({ 'no-such': topics.views });
    configureDirectPublisher(createDirectPublisher(pubsub));
    const id = await elsewhere(logger, 'no-such', { post: 'p' });
    expect((await stored()).map((row) => row.id)).toEqual([id]);
  });

  it('takes the outbox when too many events await the broker', async () => {
    configureDirectPublisher(createDirectPublisher(pubsub, { maxInFlight: 0 }));
    await trigger(logger, 'views', { post: 'p' });
    expect(await stored()).toHaveLength(1);
  });

  it('takes the outbox in a process without a direct publisher', async () => {
    await trigger(logger, 'views', { post: 'p' });
    expect(await stored()).toHaveLength(1);
  });

  it('throws when neither broker nor outbox takes the event', async () => {
    const down: DirectPublisher = {
      publish: async () => {
        throw new Refused('broker down');
      },
      flush: async () => undefined,
    };
    configureDirectPublisher(down);
    await database.dataSource.query('alter table outbox rename to hidden');
    try {
      const lost = trigger(logger, 'views', { post: 'p' });
      await expect(lost).rejects.toThrow(EventLostError);
      await expect(lost).rejects.toMatchObject({
        errors: [expect.any(Refused), expect.any(Error)],
        message: expect.stringMatching(/broker down.*outbox/s),
      });
    } finally {
      await database.dataSource.query('alter table hidden rename to outbox');
    }
  });
});
