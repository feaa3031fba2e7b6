import { pino } from 'pino';
import { Counter, Registry } from 'prom-client';

import { readProcesses } from '../../src/observation/processes/read.ts';
import { startReporting } from '../../src/observation/processes/reporter.ts';
import {
  mergeBuckets,
  quantile,
  readTotals,
  totalsSince,
} from '../../src/observation/processes/totals.ts';
import { Histogram } from '../../src/telemetry/histogram.ts';
import { useTestDatabase } from '../helpers.ts';

const database = useTestDatabase();
const logger = pino({ level: 'silent' });
/** Longer than any test: reports are asked for. */
const interval = 3_600_000;

const measured = () => {
  const registry = new Registry();
  const messages = new Counter({
    name: 'nightshift_host_messages_total',
    help: 'x',
    labelNames: ['subscription', 'outcome'],
    registers: [registry],
  });
  const runs = new Histogram(
    {
      name: 'nightshift_host_handling_duration_seconds',
      help: 'x',
      label: 'subscription',
      bounds: [0.1, 1],
    },
    registry,
  );
  return { registry, messages, runs };
};

test('buckets of all labels are summed up, and only what is new is told', async () => {
  const { registry, messages, runs } = measured();
  runs.of('one').observe(0.05);
  runs.of('one').observe(5);
  runs.of('two').observe(0.5);
  messages.inc({ subscription: 'one', outcome: 'ack' }, 3);
  messages.inc({ subscription: 'one', outcome: 'nack' }, 2);
  const before = await readTotals(registry);
  expect(before).toMatchObject({
    messages: 3,
    messagesFailed: 2,
    ran: { messages: { '0.1': 1, '1': 1, '+Inf': 1 } },
  });
  runs.of('two').observe(0.5);
  const since = totalsSince(await readTotals(registry), before);
  expect(since).toMatchObject({ messages: 0, ran: { messages: { '1': 1 } } });
  expect(since.ran.messages).not.toHaveProperty('0.1');
});

test('a quantile lies within its bucket, and in the last one at the highest bound', () => {
  const buckets = mergeBuckets([
    { '0.1': 50, '1': 25 },
    { '1': 20, '+Inf': 5 },
  ]);
  expect(quantile(buckets, 0.5)).toBeCloseTo(0.1);
  expect(quantile(buckets, 0.725)).toBeCloseTo(0.55);
  expect(quantile(buckets, 0.99)).toBe(1);
  expect(quantile({}, 0.5)).toBeUndefined();
});

test('a process tells what it did, and is gone when it stops', async () => {
  const { registry, messages } = measured();
  const reporter = startReporting({
    con: database.con,
    registry,
    logger,
    name: 'nightshift-background',
    interval,
  });
  await reporter.report();
  messages.inc({ subscription: 'one', outcome: 'ack' }, 100);
  await reporter.report();
  const { processes } = await readProcesses(database.con.manager);
  expect(processes).toMatchObject([
    { id: reporter.id, name: 'nightshift-background', silent: false },
  ]);
  expect(processes[0]?.rates.messages).toBeGreaterThan(0);
  await reporter.stop();
  expect((await readProcesses(database.con.manager)).processes).toEqual([]);
});

test('a process that is killed is missed, and forgotten in the end', async () => {
  const { registry } = measured();
  const killed = startReporting({
    con: database.con,
    registry,
    logger,
    name: 'nightshift-jobs',
    interval,
  });
  await killed.report();
  const lastSeen = (ago: string) =>
    database.con.query(
      'update process_report set seen_at = now() - $2::interval where id = $1',
      [killed.id, ago],
    );
  await lastSeen('1 minute');
  expect((await readProcesses(database.con.manager)).processes).toMatchObject([
    { silent: true },
  ]);
  await lastSeen('20 minutes');
  expect((await readProcesses(database.con.manager)).processes).toEqual([]);
});

test('a report that fails is made good by the next one', async () => {
  const { registry, messages } = measured();
  const reporter = startReporting({
    con: database.con,
    registry,
    logger,
    name: 'nightshift-background',
    interval,
  });
  await reporter.report();
  messages.inc({ subscription: 'one', outcome: 'ack' }, 7);
  await database.con.query('alter table process_sample rename to elsewhere');
  await expect(reporter.report()).rejects.toThrow('process_sample');
  await database.con.query('alter table elsewhere rename to process_sample');
  await reporter.report();
  const [row] = await database.con.query<{ messages: number }[]>(
    `select sum((counts ->> 'messages')::int)::int as messages from process_sample where process_id = $1`,
    [reporter.id],
  );
  expect(row?.messages).toBe(7);
  await reporter.stop();
});
