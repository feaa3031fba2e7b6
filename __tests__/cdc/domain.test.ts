import { randomUUID } from 'node:crypto';

import pg from 'pg';

import type { ChangeMessage } from '../../src/cdc/change-message.ts';
import { ensureSlot } from '../../src/cdc/slot.ts';
import { readCaptureStatus } from '../../src/cdc/status.ts';
import { capturedTables } from '../../src/cdc/tables.ts';
import { User } from '../../src/entity/index.ts';
import { saveFixtures } from '../helpers.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import {
  dropSlot,
  startBroker,
  streamerOn,
  type TestBroker,
} from './set-up.ts';

const slot = `domain_${randomUUID().replaceAll('-', '')}`;
let database: TestDatabase;
let client: pg.Client;
let broker: TestBroker;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await ensureSlot(client, slot);
  broker = await startBroker();
});

afterAll(async () => {
  await broker.stop();
  await client.end();
  await dropSlot(slot);
  await database.drop();
});

it('captures every declared table of the migrated database', async () => {
  const status = await readCaptureStatus(client, { slot });
  expect(status).toMatchObject({ problems: [], missingTables: [] });
  expect(status.publishedTables).toEqual(
    [...capturedTables.map(({ table }) => table), 'outbox'].sort(),
  );
});

it('names what is missing when there is no slot', async () => {
  const { problems } = await readCaptureStatus(client, { slot: 'nowhere' });
  expect(problems).toEqual([
    expect.stringMatching(/expected a replication slot nowhere.*migrate/),
  ]);
});

it('publishes a new person and what changed of them', async () => {
  const changes = await broker.listen('api.changes');
  const streamer = streamerOn(
    { url: database.url, slot },
    broker.address,
    capturedTables,
  );
  await streamer.start();
  try {
    const [user] = await saveFixtures(database.dataSource, User, [
      { username: 'ada', name: 'Ada', email: 'ada@example.com' },
    ]);
    await database.dataSource
      .getRepository(User)
      .update({ id: user!.id }, { reputation: 20 });
    const messages = await changes.count(2);
    const payloads = messages.map(
      ({ data }) =>
        (JSON.parse(data.toString()) as ChangeMessage<object>).payload,
    );
    expect(payloads).toMatchObject([
      { op: 'c', before: null, after: { username: 'ada', reputation: 10 } },
      { op: 'u', before: { reputation: 10 }, after: { reputation: 20 } },
    ]);
    expect(messages.map(({ orderingKey }) => orderingKey)).toEqual(
      Array.from(
        { length: 2 },
        () =>
          `{"id":"${user!.id}","__dbz__physicalTableIdentifier":"nightshift.public.user"}`,
      ),
    );
  } finally {
    await streamer.stop();
  }
});
