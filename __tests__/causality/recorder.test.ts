import { randomUUID } from 'node:crypto';

import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import type { DeliveryFacts } from '../../src/causality/record.ts';
import { CausalityRecorder } from '../../src/causality/recorder.ts';
import { Sampler } from '../../src/causality/sampler.ts';
import { forgetUser } from '../../src/dead-letters/forget.ts';
import { prune } from '../../src/retention/prune.ts';
import { registry } from '../../src/telemetry/metrics.ts';
import { useTestDatabase } from '../helpers.ts';

const database = useTestDatabase();

beforeEach(() => database.con.query('truncate delivery, row_change'));

const silent = pino({ level: 'silent' });
const worker = { subscription: 'some-worker', topic: 'some-topic' };

const open = (options: { con?: DataSource; maxRate?: number } = {}) => {
  const recorder = new CausalityRecorder({
    con: database.con,
    logger: silent,
    ...options,
  });
  return { recorder, deliveries: recorder.of(worker) };
};

const facts = (changes: Partial<DeliveryFacts> = {}): DeliveryFacts => ({
  eventId: uuidv7(),
  messageId: '7',
  publishedAt: Date.now() - 10,
  receivedAt: Date.now() - 5,
  startedAt: Date.now() - 4,
  finishedAt: Date.now() - 1,
  attempt: 1,
  copies: 1,
  outcome: 'ack',
  failure: undefined,
  error: undefined,
  cause: undefined,
  change: undefined,
  ...changes,
});

const rows = () =>
  database.con.query<{ event_id: string; share: number; cause: string }[]>(
    'select * from delivery order by started_at',
  );

const counted = async (result: string): Promise<number> => {
  const metric = registry.getSingleMetric(
    'nightshift_causality_deliveries_total',
  );
  const { values } = await metric!.get();
  return values.find(({ labels }) => labels['result'] === result)?.value ?? 0;
};

/** A connection that fails, or answers late, as often as it is told. */
const between = (query: () => Promise<void>): DataSource =>
  ({
    query: async (text: string, values: unknown[]) => {
      await query();
      await database.con.query(text, values);
    },
  }) as unknown as DataSource;

test('what waits is written when the process drains', async () => {
  const { recorder, deliveries } = open();
  deliveries.record(facts({ cause: 'because' }));
  expect(await rows()).toEqual([]);
  await recorder.stop();
  expect(await rows()).toMatchObject([{ cause: 'because', share: 1 }]);
});

test('a database that is away keeps deliveries waiting, and nothing is written twice', async () => {
  let isAway = true;
  const { recorder, deliveries } = open({
    con: between(async () => {
      if (isAway) throw new Error('connection refused');
    }),
  });
  deliveries.record(facts());
  await recorder.flush();
  expect(await rows()).toEqual([]);
  isAway = false;
  const kept = facts();
  deliveries.record(kept);
  await recorder.flush();
  deliveries.record(kept);
  await recorder.stop();
  expect(await rows()).toHaveLength(2);
});

test('data that the database refuses is given up, so that it keeps nothing else from being written', async () => {
  const { recorder, deliveries } = open();
  deliveries.record(facts({ error: 'a\0b' }));
  await recorder.flush();
  deliveries.record(facts());
  await recorder.stop();
  expect(await rows()).toHaveLength(1);
});

test('what comes faster than the database takes it is dropped and counted, and nobody waits', async () => {
  const before = await counted('dropped');
  const answer = Promise.withResolvers<void>();
  const { recorder, deliveries } = open({
    con: between(() => answer.promise),
  });
  for (let each = 0; each < 25_000; each += 1) deliveries.record(facts());
  answer.resolve();
  await recorder.stop();
  expect(await counted('dropped')).toBe(before + 5_000);
  expect(await rows()).toHaveLength(20_000);
});

test('of many successes a share is recorded, the failures all, and the rows say which share', async () => {
  const { recorder, deliveries } = open({ maxRate: 50 });
  for (let each = 0; each < 10_000; each += 1) {
    const eventId = uuidv7();
    if (deliveries.wants(eventId, true)) deliveries.record(facts({ eventId }));
    if (each % 100 === 0) expect(deliveries.wants(uuidv7(), false)).toBe(true);
  }
  await recorder.stop();
  const shares = (await rows()).map(({ share }) => share);
  expect(shares.length).toBeLessThan(600);
  expect(shares[0]).toBe(1);
  expect(shares.at(-1)).toBeLessThan(0.1);
});

test('what a small share holds is in every larger one', () => {
  const small = new Sampler(10);
  const large = new Sampler(100);
  const ids = Array.from({ length: 20_000 }, () => randomUUID());
  for (const id of ids) {
    small.keeps(id);
    large.keeps(id);
  }
  expect(small.share).toBeLessThan(large.share);
  const kept = ids.filter((id) => small.keeps(id));
  expect(kept.length).toBeGreaterThan(0);
  for (const id of kept) expect(large.keeps(id)).toBe(true);
});

test('the share grows again once there is room', () => {
  const sampler = new Sampler(10);
  for (let each = 0; each < 1_000; each += 1) sampler.keeps(randomUUID());
  expect(sampler.share).toBeLessThan(1);
  for (let turn = 0; turn < 20; turn += 1) sampler.turn();
  expect(sampler.share).toBe(1);
});

const change = (key: string) => ({
  table: 'user',
  key,
  op: 'u' as const,
  lsn: 1,
  transactionId: 2,
  committedAt: Date.now(),
  decodedAt: Date.now(),
});

test('what is recorded is pruned by its age', async () => {
  const { recorder, deliveries } = open();
  deliveries.record(facts({ change: change('kept') }));
  await recorder.stop();
  await database.con.query(`
    insert into delivery select gen_random_uuid()::text, subscription, started_at, now() - interval '8 days',
      received_at, published_at, topic, message_id, attempt, copies, outcome, failure, error, cause, share from delivery`);
  await database.con.query(`
    insert into row_change select gen_random_uuid(), table_name, 'old', op, lsn, transaction_id,
      now() - interval '8 days', decoded_at from row_change`);
  const pruned = await prune(database.con);
  expect(pruned).toEqual(
    expect.arrayContaining([
      { table: 'delivery', rows: 1 },
      { table: 'row_change', rows: 1 },
    ]),
  );
  expect(await rows()).toHaveLength(1);
});

test('a user who is forgotten stands in no recorded key', async () => {
  const user = uuidv7();
  const { recorder, deliveries } = open();
  for (const key of [user, `${uuidv7()},${user}`, uuidv7()])
    deliveries.record(facts({ change: change(key) }));
  await recorder.stop();
  const { erased } = await forgetUser(database.con, {
    user,
    actor: 'on-call',
    names: () => false,
  });
  expect(erased).toBe(2);
  expect(await database.con.query('select from row_change')).toHaveLength(1);
});
