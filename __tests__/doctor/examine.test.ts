import type { PubSub } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';

import {
  createPublicationSql,
  dropPublicationSql,
} from '../../src/cdc/publication.ts';
import { startReplication } from '../../src/cdc/protocol/connection.ts';
import { capturedTables, publicationName } from '../../src/cdc/tables.ts';
import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import type { Check } from '../../src/doctor/check.ts';
import { checks } from '../../src/doctor/checks/index.ts';
import { type Diagnosis, examine } from '../../src/doctor/examine.ts';
import { Outbox } from '../../src/entity/index.ts';
import { freePort } from '../../src/local/ports.ts';
import { migrations } from '../../src/migration/index.ts';
import { provision } from '../../src/provision/broker.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import {
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';
import { ControlledClock } from '../pubsub-server/controlled-clock.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

let database: TestDatabase;
let server: PubSubServer;
let pubsub: PubSub;
let clock: ControlledClock;
let environment: NodeJS.ProcessEnv;

const run = (...statements: string[]) =>
  statements.reduce<Promise<unknown>>(
    (before, sql) => before.then(() => database.dataSource.query(sql)),
    Promise.resolve(),
  );

beforeEach(async () => {
  database = await createTestDatabase();
  clock = new ControlledClock();
  server = await startPubSub({ clock });
  pubsub = createPublisherClient({
    projectId: 'test',
    emulatorHost: server.address,
  });
  environment = {
    DATABASE_URL: database.url,
    PUBSUB_EMULATOR_HOST: server.address,
    PUBSUB_PROJECT_ID: 'test',
  };
});

afterEach(async () => {
  await pubsub.close();
  await server.stop();
  const slots = 'pg_replication_slots where database = current_database()';
  await run(
    // Waits until the reader has let go of the slot.
    `select pg_terminate_backend(active_pid, 10000) from ${slots} and active`,
    `select pg_drop_replication_slot(slot_name) from ${slots}`,
  );
  await database.drop();
});

// Slots belong to the server, and other tests have theirs.
const slot = `doctor_${process.pid}`;

const findings = async (
  check: string,
  changed: NodeJS.ProcessEnv = {},
): Promise<Diagnosis[]> =>
  (
    await examine({
      environment: { ...environment, ...changed },
      slot,
      checks: checks.filter(({ name }) => name === check),
    })
  ).filter((finding) => finding.check === check);

describe('examine', () => {
  it('finds a migrated database and a provisioned broker in order', async () => {
    await provision(pubsub, { createForeignTopics: true });
    for (const check of [
      'environment',
      'database',
      'schema',
      'outbox',
      'dead letters',
      'desk drain',
      'declarations',
      'backlog',
    ])
      expect(await findings(check)).toMatchObject([{ level: 'ok' }]);
  });

  it('names the wrong variable and still makes the other checks', async () => {
    expect(await findings('environment', { PORT: 'abc' })).toMatchObject([
      { level: 'broken', message: expect.stringMatching(/^PORT is wrong/) },
    ]);
    expect(await findings('schema', { PORT: 'abc' })).toMatchObject([
      { level: 'ok' },
    ]);
  });

  it('says once that the database is away, and still examines the broker', async () => {
    const away = {
      DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
    };
    expect(await findings('database', away)).toMatchObject([
      {
        level: 'broken',
        message: expect.stringContaining('ECONNREFUSED'),
        remedy: expect.stringContaining('DATABASE_URL'),
      },
    ]);
    expect(await findings('schema', away)).toMatchObject([{ level: 'note' }]);
    expect(await findings('declarations', away)).not.toMatchObject([
      { level: 'note' },
    ]);
  });

  it('says once that the broker is away', async () => {
    const away = { PUBSUB_EMULATOR_HOST: `127.0.0.1:${await freePort()}` };
    const all = await examine({
      environment: { ...environment, ...away },
      slot,
      waitSeconds: 0,
    });
    expect(
      all.filter(({ message }) => message.includes('cannot be reached')),
    ).toMatchObject([
      { check: 'desk drain', level: 'note' },
      { check: 'declarations', level: 'broken' },
      { check: 'streams', level: 'note' },
      { check: 'backlog', level: 'note' },
    ]);
  });

  it('reports a check that throws or hangs, and hides no other', async () => {
    const check = (name: string, work: Check['run']): Check => ({
      name,
      needs: [],
      run: work,
    });
    const found = await examine({
      environment,
      timeoutMilliseconds: 20,
      checks: [
        check('throws', async () => {
          throw new Error('out of order');
        }),
        check('hangs', () => new Promise(() => undefined)),
        check('works', async () => [{ level: 'ok', message: 'Fine.' }]),
      ],
    });
    expect(found.slice(1)).toMatchObject([
      {
        check: 'throws',
        level: 'broken',
        message: expect.stringContaining('out of order'),
      },
      {
        check: 'hangs',
        level: 'broken',
        message: expect.stringContaining('no answer within'),
      },
      { check: 'works', level: 'ok' },
    ]);
  });
});

describe('schema', () => {
  it('names pending migrations and the command that applies them', async () => {
    const last = migrations.at(-1)!.name;
    await database.dataSource.query('delete from migration where name = $1', [
      last,
    ]);
    expect(await findings('schema')).toMatchObject([
      {
        level: 'broken',
        message: expect.stringContaining(last),
        remedy: 'nightshift migrate',
      },
    ]);
    await database.dataSource.query(
      'insert into migration (timestamp, name) values ($1, $2)',
      [Number(/\d+$/.exec(last)?.[0]), last],
    );
    expect(await findings('schema')).toMatchObject([{ level: 'ok' }]);
  });
});

describe('change data capture', () => {
  const publish = () =>
    run(
      dropPublicationSql(),
      ...createPublicationSql(capturedTables, { serverVersion: 180_000 }),
    );
  const createSlot = (plugin = 'pgoutput') =>
    database.dataSource.query(
      'select pg_create_logical_replication_slot($1, $2)',
      [slot, plugin],
    );

  it('misses the publication', async () => {
    await run(dropPublicationSql());
    expect(await findings('publication')).toMatchObject([
      { level: 'broken', remedy: 'nightshift migrate' },
    ]);
  });

  it('compares the publication with the captured tables', async () => {
    await publish();
    expect(await findings('publication')).toMatchObject([{ level: 'ok' }]);
    await run(
      'alter publication nightshift drop table post',
      'alter publication nightshift add table source',
    );
    expect(await findings('publication')).toMatchObject([
      {
        level: 'broken',
        message: expect.stringMatching(/missing post, too many source/),
      },
    ]);
  });

  it('misses the slot', async () => {
    expect(await findings('slot')).toMatchObject([
      { level: 'broken', message: expect.stringContaining('is missing') },
    ]);
  });

  it('says that nobody reads the slot', async () => {
    await createSlot();
    expect(await findings('slot')).toMatchObject([
      { level: 'broken', message: expect.stringContaining('Nobody reads') },
    ]);
  });

  it('finds the slot read, and how far behind', async () => {
    await createSlot();
    const streaming = await startReplication({
      databaseUrl: database.url,
      slot,
      publication: publicationName,
      onMessage: () => undefined,
    });
    try {
      expect(await findings('slot')).toMatchObject([
        { level: 'ok', message: expect.stringContaining('is read') },
      ]);
    } finally {
      await streaming.end();
    }
  });

  it('refuses a slot of another plugin', async () => {
    await createSlot('test_decoding');
    expect(await findings('slot')).toMatchObject([
      { level: 'broken', message: expect.stringContaining('test_decoding') },
    ]);
  });
});

describe('outbox', () => {
  it('notices that nobody prunes it', async () => {
    const id = uuidv7();
    await database.dataSource.getRepository(Outbox).insert({
      id,
      topic: 'user-created',
      orderingKey: id,
      type: 'user-created',
      payload: Buffer.from('{}'),
      createdAt: new Date(Date.now() - 20 * 86_400_000),
    });
    expect(await findings('outbox')).toMatchObject([
      { level: 'warning', message: expect.stringContaining('20 days old') },
    ]);
    await run('delete from outbox');
    expect(await findings('outbox')).toMatchObject([{ level: 'ok' }]);
  });
});

describe('dead letters', () => {
  it('counts the open ones of each subscription', async () => {
    for (const identity of ['a', 'b'])
      await writeDeadLetter(database.dataSource.manager, {
        source: 'pubsub',
        subscription: 'post-upvoted-rep',
        topic: 'post-upvoted',
        identity,
        payload: Buffer.from('{}'),
        attributes: {},
        error: new Error('out of order'),
        attempts: 5,
      });
    expect(await findings('dead letters')).toMatchObject([
      {
        level: 'warning',
        message: expect.stringContaining(
          'post-upvoted-rep has 2 open dead letters for 1 reason',
        ),
        remedy: expect.stringContaining('nightshift dead-letters list'),
      },
    ]);
    await run(`update dead_letter set state = 'resolved'`);
    expect(await findings('dead letters')).toMatchObject([{ level: 'ok' }]);
  });
});

describe('desk drain', () => {
  it('warns of dead letters that would be lost', async () => {
    await provision(pubsub, { createForeignTopics: true });
    await pubsub.subscription('api.dead-letters-desk').delete();
    expect(await findings('desk drain')).toMatchObject([
      {
        level: 'broken',
        message: expect.stringContaining('has no subscription'),
        remedy: 'nightshift provision',
      },
    ]);
    await provision(pubsub, { createForeignTopics: true });
    expect(await findings('desk drain')).toMatchObject([{ level: 'ok' }]);
  });

  it('notices a dead-letter topic that nobody drains', async () => {
    await provision(pubsub, { createForeignTopics: true });
    await pubsub.createTopic('elsewhere');
    await pubsub.createSubscription('elsewhere', 'kept-by-hand');
    await pubsub.subscription('api-cdc').setMetadata({
      deadLetterPolicy: {
        deadLetterTopic: 'projects/test/topics/elsewhere',
        maxDeliveryAttempts: 20,
      },
    });
    expect(await findings('desk drain')).toMatchObject([
      {
        level: 'warning',
        message: expect.stringMatching(
          /api-cdc .* elsewhere, .* nobody drains/,
        ),
      },
    ]);
  });

  it('says that a broker without declarations keeps no dead letters', async () => {
    expect(await findings('desk drain')).toMatchObject([{ level: 'note' }]);
  });
});

describe('declarations', () => {
  it('names what the broker lacks and how it gets it', async () => {
    await provision(pubsub, { createForeignTopics: true });
    await pubsub.subscription('api-cdc').delete();
    expect(await findings('declarations')).toMatchObject([
      {
        level: 'broken',
        message: expect.stringContaining('create subscription api-cdc'),
        remedy: 'nightshift provision',
      },
    ]);
    await provision(pubsub, { createForeignTopics: true });
    expect(await findings('declarations')).toMatchObject([{ level: 'ok' }]);
  });
});

describe('backlog', () => {
  it('notices messages that nobody takes', async () => {
    await provision(pubsub, { createForeignTopics: true });
    await pubsub.topic('user-created').publishMessage({ json: {} });
    clock.advance(10 * 60_000);
    expect(await findings('backlog')).toMatchObject([
      {
        level: 'warning',
        message: expect.stringContaining(
          'api.experiment-allocated has 1 message waiting',
        ),
        remedy: expect.stringContaining('nobody takes them'),
      },
    ]);
    await pubsub
      .subscription('api.experiment-allocated')
      .seek(new Date(clock.now()));
    expect(await findings('backlog')).toMatchObject([{ level: 'ok' }]);
  });
});
