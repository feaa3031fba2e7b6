import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';

import { startReplication } from '../../src/cdc/protocol/connection.ts';
import { createStreamer } from '../../src/cdc/streamer.ts';
import { publicationName } from '../../src/cdc/tables.ts';
import { Outbox } from '../../src/entity/index.ts';
import { provision } from '../../src/provision/broker.ts';
import { until } from '../until.ts';
import { openWard, type Ward } from './set-up.ts';

let ward: Ward;

beforeEach(async () => {
  ward = await openWard();
  await ward.publish();
  await ward.createSlot();
});

afterEach(() => ward.close());

const streamer = () =>
  createStreamer({
    databaseUrl: ward.database.url,
    pubsub: { projectId: 'test', emulatorHost: ward.server.address },
    slot: ward.slot,
    positionInterval: 20,
    backoff: { minimum: 10, maximum: 20 },
    logger: pino({ level: 'silent' }),
  });

const heldUp = async (): Promise<number> =>
  (await ward.database.dataSource.query<object[]>('select from cdc_held_up'))
    .length;

describe('publishing', () => {
  const check = 'publishing';

  const writeEvents = async () => {
    for (let number = 0; number < 2; number += 1) {
      const id = uuidv7();
      await ward.database.dataSource.getRepository(Outbox).insert({
        id,
        topic: 'user-created',
        orderingKey: id,
        type: 'user-created',
        payload: Buffer.from('{}'),
      });
    }
  };

  it('knows which topic holds up which keys, since when and why, until the broker takes them', async () => {
    await writeEvents();
    const publishing = streamer();
    await publishing.start();
    try {
      await until(async () => {
        const [row] = await ward.database.dataSource.query<{ keys: number }[]>(
          'select keys from cdc_held_up',
        );
        return row?.keys === 2;
      });
      expect(await ward.findings(check)).toMatchObject([
        {
          level: 'warning',
          message: expect.stringMatching(
            /^Topic user-created takes no messages of 2 keys since .*NOT_FOUND/,
          ),
          remedy: 'nightshift provision',
        },
      ]);
      await ward.run(`update cdc_held_up set since = now() - interval '1 day'`);
      await provision(ward.pubsub, { createForeignTopics: true });
      await until(async () => (await heldUp()) === 0);
      expect(await ward.findings(check)).toMatchObject([{ level: 'ok' }]);
    } finally {
      await publishing.stop();
    }
  });

  it('says broken of what does not pass, and only notes what a streamer said that is not heard any more', async () => {
    const said = (held: string, seen: string) =>
      ward.run(
        'delete from cdc_held_up',
        `insert into cdc_held_up (slot, topic, reason, keys, since, seen_at) values
           ('${ward.slot}', 'user-created', '7 PERMISSION_DENIED: no', 1, now() - interval '${held}', now() - interval '${seen}')`,
      );
    await said('2 hours', '5 seconds');
    expect(await ward.findings(check)).toMatchObject([
      {
        level: 'broken',
        message: expect.stringContaining('of 1 key since 2 hours: 7 PERM'),
        remedy: expect.stringContaining('tries again by itself'),
      },
    ]);
    await said('2 hours', '1 hour');
    expect(await ward.findings(check)).toMatchObject([{ level: 'note' }]);
    // The next life of the streamer clears it.
    await provision(ward.pubsub, { createForeignTopics: true });
    const publishing = streamer();
    await publishing.start();
    await until(async () => (await heldUp()) === 0);
    await publishing.stop();
  });
});

describe('debezium offsets', () => {
  const check = 'debezium offsets';

  /** As Debezium's JDBC storage makes and fills it. */
  const offsetAt = (position: string) =>
    ward.run(
      `create table if not exists debezium_offset_storage (
         id varchar(36) not null, offset_key varchar(1255), offset_val varchar(1255),
         record_insert_ts timestamp not null, record_insert_seq integer not null)`,
      'delete from debezium_offset_storage',
      `insert into debezium_offset_storage
       select gen_random_uuid()::text, '["kafka",{"server":"api"}]',
         '{"lsn_proc":' || (${position} - '0/0'::pg_lsn) || ',"messageType":"UPDATE","lsn":1,"txId":7,"ts_usec":1}', now(), 1`,
    );

  const confirmed = () =>
    `(select confirmed_flush_lsn from pg_replication_slots where slot_name = '${ward.slot}')`;

  it('has nothing to say where Debezium never ran, or has no offsets', async () => {
    expect(await ward.findings(check)).toMatchObject([{ level: 'ok' }]);
    await offsetAt(confirmed());
    await ward.run('delete from debezium_offset_storage');
    expect(await ward.findings(check)).toMatchObject([{ level: 'ok' }]);
  });

  it('tells offsets that fit the slot from those before and behind it, and from those of another history', async () => {
    await ward.run('create table elsewhere as select generate_series(1, 1000)');
    const looks: [position: string, level: string, message: string][] = [
      [confirmed(), 'ok', 'where the slot is confirmed'],
      [`${confirmed()} - 5000::numeric`, 'note', 'come to a halt'],
      [`${confirmed()} + 500::numeric`, 'note', 'read it last'],
      [
        'pg_current_wal_insert_lsn() + 1000000::numeric',
        'broken',
        'of another history',
      ],
    ];
    for (const [position, level, message] of looks) {
      await offsetAt(position);
      expect(await ward.findings(check)).toMatchObject([
        { level, message: expect.stringContaining(message) },
      ]);
    }
  });

  it('warns of offsets beyond what the streamer, which reads the slot, has confirmed', async () => {
    await ward.run('create table elsewhere as select generate_series(1, 1000)');
    await offsetAt(`${confirmed()} + 500::numeric`);
    // It confirms nothing.
    const reading = await startReplication({
      databaseUrl: ward.database.url,
      slot: ward.slot,
      publication: publicationName,
      onMessage: () => undefined,
    });
    try {
      expect(await ward.findings(check)).toMatchObject([
        {
          level: 'warning',
          message: expect.stringContaining('passes over what lies between'),
          remedy: expect.stringContaining('take-over --by debezium'),
        },
      ]);
    } finally {
      await reading.end();
    }
  });
});
