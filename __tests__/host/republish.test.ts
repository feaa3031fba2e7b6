import { v7 as uuidv7 } from 'uuid';

import { CaptureDesk } from '../../src/cdc/desk.ts';
import { DeadLetter, Outbox } from '../../src/entity/index.ts';
import { eventAttributes, insertIntoOutbox } from '../../src/events/outbox.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import { redriveEntry } from '../../src/host/redrive.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { logger } from './set-up.ts';

let database: TestDatabase;
let desk: CaptureDesk;

beforeAll(async () => {
  database = await createTestDatabase();
  desk = new CaptureDesk(database.url, 'nightshift');
});
beforeEach(async () => {
  await database.dataSource.getRepository(DeadLetter).clear();
  await database.dataSource.getRepository(Outbox).clear();
});
afterAll(async () => {
  await desk.close();
  await database.drop();
});

const redrive = (id: string) =>
  redriveEntry(
    {
      dataSource: database.dataSource,
      logger,
      pubsub: createPublisherClient({ projectId: 'host-tests' }),
      workers: new Map(),
    },
    { id, actor: 'tester', signal: new AbortController().signal },
  );

const rows = () =>
  database.dataSource.query<unknown[]>(
    'select id, topic, ordering_key, type, payload, traceparent, cause from outbox',
  );

/** An event that is in the outbox, and that the broker refuses. */
const refused = async (orderingKey?: string): Promise<DeadLetter> => {
  const id = uuidv7();
  const event = {
    id,
    topic: 'post-upvoted',
    payload: Buffer.from('{"postId":"1"}'),
    orderingKey,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    cause: 'a cause',
  };
  await insertIntoOutbox(database.dataSource.manager, event);
  await desk.bury(
    {
      topic: event.topic,
      orderingKey: JSON.stringify(orderingKey ?? id),
      attributes: eventAttributes(event),
      data: event.payload,
      source: 'outbox',
      identity: id,
    },
    new Error('INVALID_ARGUMENT'),
  );
  return database.dataSource
    .getRepository(DeadLetter)
    .findOneByOrFail({ identity: id });
};

test.each([
  ['an ordering key', 'post "1"'],
  ['no ordering key', undefined],
])(
  'an event with %s that the broker had refused goes out again as it was',
  async (_, orderingKey) => {
    const { id } = await refused(orderingKey);
    const before = await rows();
    await database.dataSource.getRepository(Outbox).clear();
    expect(await redrive(id)).toMatchObject({ outcome: 'redriven' });
    expect(await rows()).toEqual(before);
    expect(
      await database.dataSource.getRepository(DeadLetter).findOneBy({ id }),
    ).toMatchObject({ state: 'redriven', stateChangedBy: 'tester' });
  },
);

test('its row is inserted anew though it is still there, so that it is captured again', async () => {
  const { id } = await refused();
  const insertedBy = () =>
    database.dataSource.query<unknown[]>('select id, xmin from outbox');
  const before = await insertedBy();
  await redrive(id);
  const after = await insertedBy();
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);
});

test('it goes out once, however often it is redriven', async () => {
  const { id } = await refused();
  await redrive(id);
  expect(await redrive(id)).toMatchObject({
    outcome: 'skipped',
    reason: 'not open',
  });
});
