import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Message } from '@google-cloud/pubsub';

import {
  RecoveryUnfinishedError,
  SlotGoneError,
  SlotMissingError,
} from '../../src/cdc/errors.ts';
import {
  RecoveryRunningError,
  RecoveryStoppedError,
  SlotHealthyError,
  SlotHeldError,
} from '../../src/cdc/recovery/errors.ts';
import {
  recover,
  type RecoverOptions,
} from '../../src/cdc/recovery/recover.ts';
import { readSlot, runOn } from '../../src/cdc/slot.ts';
import type { Streamer, StreamerOptions } from '../../src/cdc/streamer.ts';
import { ensureSlotAt } from '../../src/schema/slot.ts';
import {
  type CaptureDatabase,
  createCaptureDatabase,
  infrastructureSql,
  logger,
  Signal,
  startBroker,
  streamerOn,
  type TestBroker,
} from './set-up.ts';

let database: CaptureDatabase;
let broker: TestBroker;
const started: Streamer[] = [];

beforeEach(async () => {
  database = await createCaptureDatabase(infrastructureSql, []);
  broker = await startBroker();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((streamer) => streamer.stop()));
  await broker.stop();
  await database.drop();
});

const start = async (options: Partial<StreamerOptions> = {}) => {
  const streamer = streamerOn(database, broker.address, [], options);
  started.push(streamer);
  await streamer.start();
  return streamer;
};

const recovered = (options: Partial<RecoverOptions> = {}) =>
  recover({
    databaseUrl: database.url,
    slot: database.slot,
    pubsub: broker.address,
    logger,
    signal: new AbortController().signal,
    ...options,
  });

/** @returns their ids. */
const commit = async (
  events: number,
  { topic = 'events', age = '0' } = {},
): Promise<string[]> => {
  const { rows } = await database.client.query<{ id: string }>(
    `insert into outbox (id, topic, ordering_key, type, payload, traceparent, cause, created_at)
     select gen_random_uuid(), $2, 'key ' || number % 3, $2, convert_to('{"n":' || number || '}', 'UTF8'),
            '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'cause ' || number, now() - $3::interval
       from generate_series(1, $1::int) number returning id`,
    [events, topic, age],
  );
  return rows.map(({ id }) => id);
};

const loseSlot = () =>
  database.client.query('select pg_drop_replication_slot($1)', [database.slot]);

const slot = () => readSlot(runOn(database.client), database.slot);

const idsOf = (messages: readonly Message[]) =>
  messages.map(({ attributes }) => attributes['id']);

it('publishes every event, be it committed before, during or after the loss', async () => {
  const events = await broker.listen('events');
  const recorded = new Signal<void>();
  const first = await start({
    positionInterval: 10,
    signals: { onPositionRecorded: () => recorded.fire() },
  });
  const before = await commit(20);
  await events.count(20);
  const looks = recorded.values.length;
  await recorded.until(({ length }) => length > looks + 1);
  await first.stop();
  const during = await commit(20);
  await loseSlot();
  const unseen = await commit(20);
  await expect(start()).rejects.toThrow(SlotMissingError);

  const report = await recovered();
  expect(report).toMatchObject({ events: 60, reason: 'the slot is missing' });
  expect(report.healthyAt).toBeInstanceOf(Date);
  await events.count(80);
  await start();
  const after = await commit(20);
  await events.until(() => {
    const received = new Set(idsOf(events.messages));
    return after.every((id) => received.has(id));
  });
  expect(new Set(idsOf(events.messages))).toEqual(
    new Set([...before, ...during, ...unseen, ...after]),
  );
  expect(events.messages).toHaveLength(100);
});

it('publishes an event again as it was: id, attributes, key and bytes', async () => {
  const events = await broker.listen('events');
  const first = await start();
  await commit(3);
  await events.count(3);
  await first.stop();
  await loseSlot();
  await recovered();
  await events.count(6);
  const shown = (messages: readonly Message[]) =>
    messages
      .map(({ attributes, orderingKey, data }) => ({
        attributes: { ...attributes },
        orderingKey,
        data: data.toString(),
      }))
      .sort((one, other) => (one.data < other.data ? -1 : 1));
  expect(shown(events.messages.slice(3))).toEqual(
    shown(events.messages.slice(0, 3)),
  );
});

it('keeps the order of each key, over many pages', async () => {
  const events = await broker.listen('events');
  await commit(1_700);
  await loseSlot();
  expect(await recovered()).toMatchObject({ events: 1_700 });
  await events.count(1_700);
  const ids = await database.client.query<{ id: string; ordering_key: string }>(
    'select id, ordering_key from outbox order by created_at, id',
  );
  for (const key of ['key 0', 'key 1', 'key 2'])
    expect(
      idsOf(
        events.messages.filter(
          ({ orderingKey }) => orderingKey === JSON.stringify(key),
        ),
      ),
    ).toEqual(
      ids.rows
        .filter(({ ordering_key }) => ordering_key === key)
        .map(({ id }) => id),
    );
});

it('publishes from the time that is given', async () => {
  const events = await broker.listen('events');
  await commit(5, { age: '2 hours' });
  const young = await commit(5, { age: '5 minutes' });
  await loseSlot();
  const since = new Date(Date.now() - 3_600_000);
  expect(await recovered({ since })).toMatchObject({ events: 5, since });
  await events.count(5);
  expect(new Set(idsOf(events.messages))).toEqual(new Set(young));
});

it('a dry run says how many events, and changes nothing', async () => {
  await commit(4);
  await loseSlot();
  expect(await recovered({ dryRun: true })).toMatchObject({ events: 4 });
  expect(await slot()).toBeUndefined();
  await expect(start()).rejects.toThrow(SlotMissingError);
});

it('refuses while the slot is whole', async () => {
  const before = await slot();
  await expect(recovered()).rejects.toThrow(SlotHealthyError);
  expect(await slot()).toMatchObject({
    confirmedLsn: before?.confirmedLsn,
    restartLsn: before?.restartLsn,
  });
});

it('refuses while somebody reads the slot', async () => {
  await start();
  await expect(recovered()).rejects.toThrow(SlotHeldError);
});

describe('a recovery that was stopped in the middle', () => {
  /** One topic is missing, so that the recovery waits for it. */
  const stopInTheMiddle = async () => {
    const events = await broker.listen('events');
    await commit(5);
    await commit(5, { topic: 'missing' });
    await loseSlot();
    const stop = new AbortController();
    const blocked = new Signal<string>();
    const stopped = recovered({
      signal: stop.signal,
      onBlocked: blocked.fire,
    });
    stopped.catch(() => undefined);
    await blocked.until(({ length }) => length > 0);
    await events.count(5);
    return { events, stop, stopped };
  };

  it('lets nobody stream or make a slot, until it was run again', async () => {
    const { stop, stopped } = await stopInTheMiddle();
    stop.abort();
    await expect(stopped).rejects.toThrow(RecoveryStoppedError);
    await expect(start()).rejects.toThrow(RecoveryUnfinishedError);
    await loseSlot();
    await expect(ensureSlotAt(database.url, database.slot)).rejects.toThrow(
      SlotGoneError,
    );
    const missing = await broker.listen('missing');
    expect(await recovered()).toMatchObject({ events: 10 });
    await missing.count(5);
    await start();
  });

  it('begins again with the events that it had begun with', async () => {
    const { events, stop, stopped } = await stopInTheMiddle();
    stop.abort();
    await expect(stopped).rejects.toThrow(RecoveryStoppedError);
    await broker.listen('missing');
    expect(await recovered({ since: new Date() })).toMatchObject({
      events: 10,
      reason: 'a recovery before was not finished',
    });
    await events.count(10);
  });

  it('keeps the new slot, which holds what was committed since', async () => {
    const { events, stop, stopped } = await stopInTheMiddle();
    stop.abort();
    await expect(stopped).rejects.toThrow(RecoveryStoppedError);
    const made = await slot();
    const since = await commit(5);
    await broker.listen('missing');
    expect(await recovered()).toMatchObject({
      events: 15,
      consistentPoint: made?.confirmedLsn,
    });
    expect(await slot()).toMatchObject({ confirmedLsn: made?.confirmedLsn });
    await events.count(15);
    await start();
    await events.count(20);
    expect(new Set(idsOf(events.messages.slice(15)))).toEqual(new Set(since));
  });

  it('is alone: another one at the same time is refused', async () => {
    const { stop, stopped } = await stopInTheMiddle();
    await expect(recovered()).rejects.toThrow(RecoveryRunningError);
    stop.abort();
    await expect(stopped).rejects.toThrow(RecoveryStoppedError);
  });
});

it('loses nothing when it is killed in the middle', async () => {
  const events = await broker.listen('events');
  const all = await commit(3_000);
  await loseSlot();
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx/esm',
      fileURLToPath(new URL('recovery-process.ts', import.meta.url)),
      database.url,
      database.slot,
    ],
    { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect(start()).rejects.toThrow(RecoveryUnfinishedError);
  expect(await recovered()).toMatchObject({ events: 3_000 });
  await start();
  await events.until(() => new Set(idsOf(events.messages)).size === 3_000);
  expect(new Set(idsOf(events.messages))).toEqual(new Set(all));
});

it('migrate makes no slot where changes were captured before', async () => {
  const recorded = new Signal<void>();
  await broker.listen('events');
  const first = await start({
    positionInterval: 10,
    signals: { onPositionRecorded: () => recorded.fire() },
  });
  await recorded.until(({ length }) => length > 0);
  await first.stop();
  await loseSlot();
  await expect(ensureSlotAt(database.url, database.slot)).rejects.toThrow(
    /is gone\. .*nightshift cdc recover/,
  );
  expect(await slot()).toBeUndefined();
});

it('migrate makes no slot where one was recovered before', async () => {
  await loseSlot();
  await recovered();
  await loseSlot();
  await expect(ensureSlotAt(database.url, database.slot)).rejects.toThrow(
    SlotGoneError,
  );
});
