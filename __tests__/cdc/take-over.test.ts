import {
  RecoveryUnfinishedError,
  SlotMissingError,
} from '../../src/cdc/errors.ts';
import { runOn } from '../../src/cdc/slot.ts';
import type { Streamer } from '../../src/cdc/streamer.ts';
import { handOverSlot, SlotHeldError } from '../../src/cdc/take-over.ts';
import {
  type CaptureDatabase,
  createCaptureDatabase,
  infrastructureSql,
  startBroker,
  streamerOn,
  type TestBroker,
} from './set-up.ts';

const tables = [{ table: 'item', topic: 'changes' }];

let database: CaptureDatabase;
let broker: TestBroker;
let streamer: Streamer;

beforeEach(async () => {
  database = await createCaptureDatabase(
    ['create table item (id int8 primary key)', ...infrastructureSql],
    tables,
  );
  broker = await startBroker();
  streamer = streamerOn(database, broker.address, tables);
});

afterEach(async () => {
  await streamer.stop();
  await broker.stop();
  await database.drop();
});

const handOver = (waitSeconds: number) =>
  handOverSlot(runOn(database.client), { slot: database.slot, waitSeconds });

it('waits until whoever streams lets go', async () => {
  await streamer.start();
  await expect(handOver(0)).rejects.toThrow(SlotHeldError);
  const waiting = handOver(20);
  await streamer.stop();
  expect(await waiting).toMatchObject({ active: false, slot: database.slot });
});

it('empties Debezium’s offsets, so that it begins where the slot was confirmed last', async () => {
  await database.client.query(
    'create table debezium_offset_storage (id text, offset_val text)',
  );
  await database.client.query(
    `insert into debezium_offset_storage values ('1', '{"lsn": 1}')`,
  );
  await handOver(0);
  const { rows } = await database.client.query(
    'select from debezium_offset_storage',
  );
  expect(rows).toEqual([]);
});

it('refuses a slot that is missing or being recovered, over whose gap Debezium would read', async () => {
  await database.client.query(
    'insert into cdc_recovery (slot, started_at) values ($1, now())',
    [database.slot],
  );
  await expect(handOver(0)).rejects.toThrow(RecoveryUnfinishedError);
  await expect(
    handOverSlot(runOn(database.client), { slot: 'none', waitSeconds: 0 }),
  ).rejects.toThrow(SlotMissingError);
});
