/**
 * Records what Debezium publishes for `__tests__/fixture/debezium/*.sql` into the JSON files beside
 * them, and proves on the same log that the streamer gives every row change the same id.
 *
 *     npx pnpm debezium:record
 *
 * Needs a JDK (17 or newer) and Maven, which fetches Debezium.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { PubSub } from '@google-cloud/pubsub';
import pg from 'pg';
import { pino } from 'pino';

import type { ChangeMessage } from '../src/cdc/change-message.ts';
import { rowChangeId } from '../src/cdc/identity.ts';
import { createPublicationSql } from '../src/cdc/publication.ts';
import { ensureSlot } from '../src/cdc/slot.ts';
import { createStreamer } from '../src/cdc/streamer.ts';
import { slotName } from '../src/cdc/tables.ts';
import { freePort } from '../src/local/ports.ts';
import { startPostgres } from '../src/local/postgres.ts';
import { startPubSub } from '../src/pubsub-server/index.ts';
import {
  engineProperties,
  formatProperties,
  parseProperties,
} from './properties.ts';
import { changesTopic, fixtureTables, statementsOf } from './script.ts';

// Without it the client first looks for a Google metadata server.
process.env.METADATA_SERVER_DETECTION ??= 'none';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const fixtures = fileURLToPath(
  new URL('../__tests__/fixture/debezium/', import.meta.url),
);
const database = 'nightshift';

/** A record as Debezium Server's sink is given it. */
interface Recorded {
  readonly topic: string;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly value: string;
}

const compile = async (): Promise<string> => {
  const classpath = join(here, 'target', 'classpath');
  try {
    await run(
      'mvn',
      [
        ...['-q', '-B', 'compile', 'dependency:build-classpath'],
        `-Dmdep.outputFile=${classpath}`,
      ],
      { cwd: here },
    );
  } catch (error) {
    throw new Error(
      'expected `mvn compile` to work in debezium/; it needs a JDK (17 or newer), Maven and its repository',
      { cause: error },
    );
  }
  const libraries = await readFile(classpath, 'utf8');
  return `${join(here, 'target', 'classes')}:${libraries.trim()}`;
};

const engineSettings = async (port: number): Promise<string> => {
  const settings = engineProperties(
    parseProperties(
      await readFile(join(here, 'application.properties'), 'utf8'),
    ),
  );
  const tables = fixtureTables.map(({ table }) => table).join('|');
  const own = {
    'database.hostname': '127.0.0.1',
    'database.port': String(port),
    'database.user': 'postgres',
    'database.password': 'none',
    'database.dbname': database,
    'offset.storage':
      'org.apache.kafka.connect.storage.MemoryOffsetBackingStore',
    'transforms.changes.topic.regex': `nightshift\\.public\\.(${tables})$`,
  };
  return formatProperties(new Map([...settings, ...Object.entries(own)]));
};

const runDebezium = async (
  classpath: string,
  directory: string,
  port: number,
): Promise<Recorded[]> => {
  const settings = join(directory, 'engine.properties');
  await writeFile(settings, await engineSettings(port));
  const java = spawn(
    'java',
    ['-cp', classpath, 'nightshift.Recorder', settings],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [output, [code]] = await Promise.all([
    text(java.stdout),
    once(java, 'exit') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`Debezium ended with ${String(code)}`);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded)
    .filter(({ topic }) => topic !== 'end');
};

/** What the streamer publishes on the changes topic of the same log. */
const runStreamer = async (
  databaseUrl: string,
  slot: string,
  count: number,
): Promise<string[]> => {
  const server = await startPubSub();
  process.env.PUBSUB_EMULATOR_HOST = server.address;
  const pubsub = new PubSub({ projectId: 'record' });
  const ids: string[] = [];
  const done = Promise.withResolvers<void>();
  const [topic] = await pubsub.createTopic(changesTopic);
  const [subscription] = await topic.createSubscription('record');
  subscription.on('message', (message) => {
    ids.push(idOf(message.data.toString(), message.orderingKey));
    message.ack();
    if (ids.length >= count) done.resolve();
  });
  for (const name of ['post-upvoted', 'gondul.v1.thing', 'end'])
    await pubsub.createTopic(name);
  const streamer = createStreamer({
    databaseUrl,
    slot,
    pubsub,
    tables: fixtureTables,
    logger: pino({ level: 'warn' }),
  });
  await streamer.start();
  await done.promise;
  await streamer.stop();
  await subscription.close();
  await pubsub.close();
  await server.stop();
  return ids;
};

const idOf = (value: string, key: string | undefined): string => {
  const { payload } = JSON.parse(value) as ChangeMessage<unknown>;
  if (!('op' in payload)) throw new Error('expected a row change');
  return rowChangeId(payload, key ?? 'default');
};

const decode = ({ value }: Recorded) => Buffer.from(value, 'base64').toString();

const record = async (directory: string): Promise<void> => {
  const classpath = await compile();
  const port = await freePort();
  const server = await startPostgres({
    directory: join(directory, 'postgres'),
    port,
    settings: ['fsync=off'],
  });
  const url = `postgres://postgres@127.0.0.1:${port}`;
  try {
    const administrator = new pg.Client({
      connectionString: `${url}/postgres`,
    });
    await administrator.connect();
    await administrator.query(`create database ${database}`);
    await administrator.end();
    const client = new pg.Client({ connectionString: `${url}/${database}` });
    await client.connect();
    for (const statement of await statementsOf('schema.sql'))
      await client.query(statement);
    for (const statement of createPublicationSql(fixtureTables, {
      serverVersion: 180_000,
    }))
      await client.query(statement);
    for (const statement of await statementsOf('identity.sql'))
      await client.query(statement);
    await ensureSlot(client, slotName);
    await ensureSlot(client, 'second');
    for (const statement of await statementsOf('changes.sql'))
      await client.query(statement);
    await client.query(
      `insert into outbox (id, topic, ordering_key, type, payload) values (gen_random_uuid(), 'end', 'end', 'end', '')`,
    );
    await client.end();

    const recorded = await runDebezium(classpath, directory, port);
    const changes = recorded.filter(({ topic }) => topic === changesTopic);
    const events = recorded.filter(({ topic }) => topic !== changesTopic);
    const ids = changes.map((message) =>
      idOf(decode(message), message.key ?? undefined),
    );
    const ours = await runStreamer(`${url}/${database}`, 'second', ids.length);
    await writeFile(
      join(fixtures, 'row-changes.json'),
      `${JSON.stringify(
        changes.map((message) => ({ ...message, value: decode(message) })),
        null,
        2,
      )}\n`,
    );
    await writeFile(
      join(fixtures, 'events.json'),
      `${JSON.stringify(events, null, 2)}\n`,
    );
    if (ids.sort().join() !== ours.sort().join())
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
