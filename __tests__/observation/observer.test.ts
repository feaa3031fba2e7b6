import { readFile, glob } from 'node:fs/promises';

import { Registry } from 'prom-client';

import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { observeSystem } from '../../src/observation/observer.ts';
import { enqueue } from '../../src/jobs/store/enqueue.ts';
import { useTestDatabase } from '../helpers.ts';
import { newJob } from '../jobs/store/store.ts';
import { startServer, stopAll } from '../pubsub-server/set-up.ts';

const database = useTestDatabase();

afterEach(stopAll);

const observe = (emulatorHost?: string) => {
  const registry = new Registry();
  observeSystem({ con: database.con, emulatorHost, registry, freshness: 0 });
  return registry;
};

const bury = (identity: string, error: Error) =>
  writeDeadLetter(database.con.manager, {
    source: 'pubsub',
    subscription: 'observed',
    topic: 'topic',
    identity,
    payload: Buffer.from('{}'),
    attributes: {},
    error,
    attempts: 1,
  });

describe('looked-up metrics', () => {
  it('count open dead letters by the kind of their error', async () => {
    await bury('1', new Error('mail server 1 is away'));
    await bury('2', new Error('mail server 2 is away'));
    await bury('3', new TypeError('no such field'));
    const metric = await observe()
      .getSingleMetric('nightshift_dead_letters_open')!
      .get();
    expect(metric.values.map(({ value }) => value).sort()).toEqual([1, 2]);
  });

  it('tell of every subscription of the local broker', async () => {
    const { server, client } = await startServer();
    const [topic] = await client.createTopic('one');
    await topic.createSubscription('sub');
    await topic.publishMessage({ data: Buffer.from('waiting') });
    const metric = await observe(server.address)
      .getSingleMetric('nightshift_subscription_backlog')!
      .get();
    expect(metric.values).toEqual([
      expect.objectContaining({ labels: { subscription: 'sub' }, value: 1 }),
    ]);
  });

  it('count the jobs of every queue, and find those that run longer than they may', async () => {
    const manager = database.con.manager;
    await enqueue(manager, [
      newJob(false, {}),
      newJob(false, {}),
      newJob(false, {}),
    ]);
    await manager.query(
      `update job set state = 'running', started_at = now() - interval '1 hour', worker = 'w'
       where sequence = (select min(sequence) from job)`,
    );
    const registry = observe();
    const valuesOf = async (name: string) =>
      (await registry.getSingleMetric(name)!.get()).values;
    expect(await valuesOf('queue_depth')).toEqual(
      expect.arrayContaining([
        {
          labels: { queue: 'default', job: 'test', state: 'pending' },
          value: 2,
        },
        {
          labels: { queue: 'default', job: 'test', state: 'running' },
          value: 1,
        },
        // Of a declared job of which there is none, too.
        {
          labels: { queue: 'sync', job: 'sync-connection', state: 'pending' },
          value: 0,
        },
      ]),
    );
    expect(await valuesOf('queue_stuck_jobs')).toEqual([
      { labels: { queue: 'default' }, value: 1 },
    ]);
  });

  it('say since when the reader of the slot has confirmed nothing', async () => {
    const slot = `observed_${process.pid}`;
    await database.con.query(
      `select pg_create_logical_replication_slot($1, 'pgoutput')`,
      [slot],
    );
    const registry = new Registry();
    observeSystem({
      con: database.con,
      emulatorHost: undefined,
      registry,
      freshness: 0,
      slot,
    });
    const seconds = async () =>
      (await registry.getSingleMetric('nightshift_cdc_slot_lag_seconds')!.get())
        .values[0]?.value;
    try {
      await database.con.transaction(async (manager) => {
        // The tests' server tells of commits that its log does not hold yet.
        await manager.query('set local synchronous_commit = on');
        await manager.query('create table waits (id int)');
      });
      expect(await seconds()).toBe(0);
      expect(await seconds()).toBeGreaterThan(0);
      await database.con.query(
        'select pg_replication_slot_advance($1, pg_current_wal_lsn())',
        [slot],
      );
      expect(await seconds()).toBe(0);
    } finally {
      await database.con.query('select pg_drop_replication_slot($1)', [slot]);
    }
  });

  it('are absent and counted when their source does not answer', async () => {
    const registry = observe('127.0.0.1:1');
    const text = await registry.metrics();
    expect(text).not.toMatch(/^nightshift_subscription_backlog\{/m);
    expect(text).toMatch(/^nightshift_inbox_rows \d/m);
    const failures = await registry
      .getSingleMetric('nightshift_observation_failures_total')!
      .get();
    expect(failures.values).toEqual([
      expect.objectContaining({ labels: { source: 'broker' } }),
    ]);
  });
});

describe('docs/telemetry.md', () => {
  const sources = async (): Promise<string> => {
    const texts: string[] = [];
    for await (const file of glob('src/**/*.ts'))
      texts.push(await readFile(file, 'utf8'));
    return texts.join('\n');
  };
  const rows = async (heading: string): Promise<string[]> => {
    const text = await readFile('docs/telemetry.md', 'utf8');
    const section = text.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!;
    return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name!);
  };

  it('names every metric there is, and no other', async () => {
    const inCode = new Set(
      [
        ...(await sources()).matchAll(
          /(?:name: |\[\s*)'((?:nightshift|job|queue)_[a-z_]+|flow_(?:runs|tasks|run_)[a-z_]*)'/g,
        ),
      ].map(([, name]) => name!),
    );
    expect((await rows('Metrics')).sort()).toEqual([...inCode].sort());
  });

  it('names every span there is, and no other', async () => {
    const inCode = [
      ...(await sources()).matchAll(/start(?:Active)?Span\(\s*`([^`]+)`/g),
    ].map(([, name]) =>
      name!
        .replace(/\$\{worker\./g, '${')
        .replace('${job.name}', '${job}')
        .replace('${request.method}', '${method}')
        .replace(/\$\{request\.routeOptions[^}]*\}/, '${route}'),
    );
    expect((await rows('Spans')).sort()).toEqual(inCode.sort());
  });
});
