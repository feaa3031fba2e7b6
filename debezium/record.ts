/**
 * Records what Debezium Server publishes for `__tests__/fixture/debezium/*.sql` into the JSON files
 * beside them, and proves on the same log that the streamer gives every row change the same id.
 *
 *     npx pnpm debezium:record
 *
 * Needs Java 21 or newer and Maven, which fetches Debezium Server.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { PubSub } from '@google-cloud/pubsub';
import pg from 'pg';
import { pino } from 'pino';

import type { ChangeMessage } from '../src/cdc/change-message.ts';
import { rowChangeId } from '../src/cdc/identity.ts';
import { createPublicationSql } from '../src/cdc/publication.ts';
import { ensureSlot } from '../src/cdc/slot.ts';
import { createStreamer } from '../src/cdc/streamer.ts';
import { heartbeatTopic, slotName } from '../src/cdc/tables.ts';
import { freePort } from '../src/local/ports.ts';
import { startPostgres } from '../src/local/postgres.ts';
import { recoverySql } from '../src/migration/1764000000012-cdc-recovery.ts';
import { startPubSub } from '../src/pubsub-server/index.ts';
import { type Arrived, Collector } from './collect.ts';
import { ensureDistribution } from './distribution.ts';
import { findJava } from './java.ts';
import { startDebezium } from './process.ts';
import { DebeziumStartError } from './readiness.ts';
import {
  changesTopic,
  eventTopics,
  fixtureTables,
  statementsOf,
} from './script.ts';
import { environmentOf } from './settings.ts';

// Without it the client first looks for a Google metadata server.
process.env.METADATA_SERVER_DETECTION ??= 'none';

const fixtures = fileURLToPath(
  new URL('../__tests__/fixture/debezium/', import.meta.url),
);
const database = 'nightshift';
const projectId = 'record';
/** Of another slot on the same log, for the streamer. */
const secondSlot = 'second';
/** Ends the script: the event after everything else. */
const endTopic = 'end';

/** A database in which the script has run, and two slots that hold its log. */
const runScript = async (server: string): Promise<void> => {
  const administrator = new pg.Client({
    connectionString: `${server}/postgres`,
  });
  await administrator.connect();
  await administrator.query(`create database ${database}`);
  await administrator.end();
  const client = new pg.Client({ connectionString: `${server}/${database}` });
  await client.connect();
  const run = async (statements: readonly string[]) => {
    for (const statement of statements) await client.query(statement);
  };
  await run(await statementsOf('schema.sql'));
  await run(recoverySql);
  await run(createPublicationSql(fixtureTables, { serverVersion: 180_000 }));
  await run(await statementsOf('identity.sql'));
  await ensureSlot(client, slotName);
  await ensureSlot(client, secondSlot);
  await run(await statementsOf('changes.sql'));
  await client.query(
    `insert into outbox (id, topic, ordering_key, type, payload) values (gen_random_uuid(), $1, 'end', 'end', '')`,
    [endTopic],
  );
  await client.end();
};

/** A broker, and everything that one publisher sends to it. */
const collect = async (
  publish: (
    pubsub: PubSub,
    address: string,
    collector: Collector,
  ) => Promise<void>,
): Promise<Collector> => {
  const server = await startPubSub();
  const pubsub = new PubSub({
    projectId,
    apiEndpoint: server.address,
    emulatorMode: true,
  });
  const collector = new Collector(pubsub);
  try {
    for (const topic of [
      changesTopic,
      ...eventTopics,
      heartbeatTopic,
      endTopic,
    ])
      await collector.listen(topic);
    await publish(pubsub, server.address, collector);
    return collector;
  } finally {
    await collector.close();
    await pubsub.close();
    await server.stop();
  }
};

/** The sink publishes batch after batch: what comes two heartbeats later is of a later one than the end. */
const untilPublished = async (collector: Collector): Promise<void> => {
  await collector.until(() => collector.on(endTopic).length > 0);
  const enough = collector.on(heartbeatTopic).length + 2;
  await collector.until(() => collector.on(heartbeatTopic).length >= enough);
  await collector.settle();
};

/** What Debezium Server publishes with the settings of the local stack, but for the tables. */
const runDebezium = (databaseUrl: string, log: string): Promise<Collector> =>
  collect(async (_, pubsubAddress, collector) => {
    const names = fixtureTables.map(({ table }) => table);
    const port = await freePort(0);
    const debezium = await startDebezium({
      distribution: await ensureDistribution(),
      java: await findJava(),
      properties: join(import.meta.dirname, 'application.properties'),
      environment: environmentOf({
        databaseUrl,
        pubsubAddress,
        projectId,
        port,
      }),
      overrides: {
        'debezium.source.table.include.list': [...names, 'outbox']
          .map((table) => `public.${table}`)
          .join(','),
        'debezium.transforms.changes.topic.regex': `nightshift\\.public\\.(${names.join('|')})$$`,
        'debezium.source.heartbeat.interval.ms': '1000',
      },
      log,
    });
    try {
      await Promise.race([
        untilPublished(collector),
        debezium.ended.then(async () => {
          throw new DebeziumStartError('it ended', await debezium.lastWords());
        }),
      ]);
    } finally {
      await debezium.stop();
    }
  });

/** What the streamer publishes of the same log. */
const runStreamer = (databaseUrl: string): Promise<Collector> =>
  collect(async (_, pubsubAddress, collector) => {
    const streamer = createStreamer({
      databaseUrl,
      slot: secondSlot,
      pubsub: { projectId, emulatorHost: pubsubAddress },
      tables: fixtureTables,
      logger: pino({ level: 'warn' }),
    });
    await streamer.start();
    await collector.until(() => collector.on(endTopic).length > 0);
    await streamer.stop();
    await collector.settle();
  });

const payloadOf = ({ data }: Arrived) => {
  const { payload } = JSON.parse(data.toString()) as ChangeMessage<unknown>;
  if (!('op' in payload)) throw new Error('expected a row change');
  return payload;
};

const idsOf = (changes: readonly Arrived[]): string =>
  changes
    .map((change) => rowChangeId(payloadOf(change), change.key))
    .sort()
    .join();

/** Rows that were copied share a position: their keys decide, so that two recordings agree. */
const inLogOrder = (first: Arrived, second: Arrived): number =>
  Number(payloadOf(first).source.lsn) - Number(payloadOf(second).source.lsn) ||
  (first.key < second.key ? -1 : first.key > second.key ? 1 : 0);

const save = (file: string, value: unknown): Promise<void> =>
  writeFile(join(fixtures, file), `${JSON.stringify(value, null, 2)}\n`);

const record = async (directory: string): Promise<void> => {
  const port = await freePort();
  const server = await startPostgres({
    directory: join(directory, 'postgres'),
    port,
    settings: ['fsync=off'],
  });
  const url = `postgres://postgres@127.0.0.1:${port}`;
  const databaseUrl = `${url}/${database}`;
  try {
    await runScript(url);
    const theirs = await runDebezium(
      databaseUrl,
      join(directory, 'debezium.log'),
    );
    const changes = theirs.on(changesTopic).toSorted(inLogOrder);
    const events = eventTopics.flatMap((topic) => theirs.on(topic));
    await save(
      'row-changes.json',
      changes.map(({ data, ...message }) => ({
        ...message,
        value: data.toString(),
      })),
    );
    await save(
      'events.json',
      events.map(({ data, ...message }) => ({
        ...message,
        value: data.toString('base64'),
      })),
    );
    const [heartbeat] = theirs.on(heartbeatTopic);
    await save('heartbeat.json', {
      ...heartbeat,
      data: undefined,
      value: heartbeat?.data.toString(),
    });
    const ours = await runStreamer(databaseUrl);
    if (idsOf(changes) !== idsOf(ours.on(changesTopic)))
      throw new Error(
        'expected the streamer to give every row change the id that Debezium gives it',
      );
    process.stdout.write(
      `recorded ${changes.length} row changes, all with the streamer's ids, and ${events.length} events\n`,
    );
  } finally {
    await server.stop();
  }
};

const directory = await mkdtemp(join(tmpdir(), 'nightshift-record-'));
try {
  // Postgres may run as another account.
  await chmod(directory, 0o755);
  await record(directory);
} finally {
  await rm(directory, { recursive: true, force: true });
}
