import { randomUUID } from 'node:crypto';

import type { DataSource } from 'typeorm';

import { prune } from '../../src/retention/prune.ts';
import { retentionRules } from '../../src/retention/rules.ts';
import { type TestDatabase, createTestDatabase } from '../setup/database.ts';

let database: TestDatabase;
let con: DataSource;

beforeEach(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
});
afterEach(() => database.drop());

const DAY = 86_400_000;
const ageOf = (table: string): number =>
  retentionRules.find((rule) => rule.table === table)!.age;

/** Rows that are older than their table's age by these days, or younger. */
const insert = async (...days: number[]): Promise<void> => {
  const moment = (table: string, extra: number) =>
    new Date(Date.now() - ageOf(table) - extra * DAY);
  for (const extra of days) {
    await con.query(
      `insert into outbox (id, topic, ordering_key, type, payload, created_at)
       values (gen_random_uuid(), 't', 'k', 't', '', $1)`,
      [moment('outbox', extra)],
    );
    await con.query(`insert into inbox values ('s', $1, $2)`, [
      randomUUID(),
      moment('inbox', extra),
    ]);
    await con.query(`insert into delivery_failure values ('s', $1, 1, $2)`, [
      randomUUID(),
      moment('delivery_failure', extra),
    ]);
  }
};

const counts = async (): Promise<unknown> => {
  const [row] = await con.query<object[]>(
    `select (select count(*)::int from outbox) as outbox,
       (select count(*)::int from inbox) as inbox,
       (select count(*)::int from delivery_failure) as failures`,
  );
  return row;
};

it('deletes what is too old and leaves the rest', async () => {
  await insert(1, 2, -1);
  await prune(con);
  expect(await counts()).toMatchObject({ inbox: 1, failures: 1 });
});

it('leaves the outbox alone without a slot, from whose loss it would have to be published again', async () => {
  await insert(1);
  expect(await prune(con)).toContainEqual({
    table: 'outbox',
    rows: 0,
    skipped: 'there is no replication slot',
  });
  expect(await counts()).toMatchObject({ outbox: 1 });
});

it('counts without deleting in a dry run', async () => {
  await insert(1, -1);
  expect(await prune(con, { dryRun: true })).toEqual([
    { table: 'outbox', rows: 1 },
    { table: 'inbox', rows: 1 },
    { table: 'delivery_failure', rows: 1 },
    { table: 'delivery', rows: 0 },
    { table: 'row_change', rows: 0 },
  ]);
  expect(await counts()).toEqual({ outbox: 2, inbox: 2, failures: 2 });
});

it('deletes more than one statement takes', async () => {
  await con.query(
    `insert into inbox select 's', n::text, now() - interval '100 days'
     from generate_series(1, 12000) n`,
  );
  expect(await prune(con)).toContainEqual({ table: 'inbox', rows: 12_000 });
});

it('does nothing while another process prunes', async () => {
  const holder = con.createQueryRunner();
  await holder.connect();
  await holder.query('select pg_advisory_lock(7232001)');
  await insert(1);
  expect(await prune(con)).toBeUndefined();
  await holder.query('select pg_advisory_unlock_all()');
  await holder.release();
  expect(await prune(con)).toBeDefined();
});

it('keeps the inbox longer than the broker keeps a message and the desk a dead letter', () => {
  expect(ageOf('inbox')).toBeGreaterThanOrEqual((7 + 31) * DAY);
});
