import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { v7 as uuidv7 } from 'uuid';

import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { AuditLog, DeadLetter, Inbox } from '../../src/entity/index.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import { redriveEntry } from '../../src/host/redrive.ts';
import {
  redriveMany,
  type RedriveManyRequest,
} from '../../src/host/redrive-many.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { PermanentError } from '../../src/workers/worker.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { until } from '../until.ts';
import { deadLetters, logger, servedWorker, Stage } from './set-up.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.dataSource.query(
    'create table effect (id bigint generated always as identity, event_id text not null)',
  );
});
beforeEach(async () => {
  for (const table of ['dead_letter', 'inbox', 'delivery_failure', 'effect'])
    await database.dataSource.query(`delete from ${table}`);
});
afterAll(() => database.drop());

const operator = { actor: 'tester', reason: 'the worker was mended' };
const never = new AbortController().signal;

const redriver = (...workers: ServedWorker[]) => ({
  dataSource: database.dataSource,
  logger,
  pubsub: createPublisherClient({ projectId: 'host-tests' }),
  workers: new Map(workers.map((worker) => [worker.subscription, worker])),
});

const redriveAll = (
  worker: ServedWorker,
  changes: Partial<RedriveManyRequest> = {},
) =>
  redriveMany(redriver(worker), {
    ...operator,
    filter: { state: 'open' },
    limit: 100,
    signal: never,
    ...changes,
  });

interface Letter {
  readonly subscription?: string;
  readonly payload?: unknown;
  readonly orderingKey?: string;
  readonly publishTime?: Date;
}

/** Puts a message at the desk. @returns its event id and the id of its entry. */
const bury = async ({
  subscription = 'host-test',
  payload = {},
  orderingKey = '',
  publishTime = new Date(),
}: Letter = {}) => {
  const eventId = uuidv7();
  await writeDeadLetter(database.dataSource.manager, {
    source: 'pubsub',
    subscription,
    topic: 'host-test',
    identity: eventId,
    eventId,
    messageId: '1',
    publishTime,
    orderingKey,
    payload: Buffer.from(JSON.stringify(payload)),
    attributes: { id: eventId },
    error: new Error('it was broken'),
    attempts: 5,
  });
  const { id } = await entryOf(eventId);
  return { eventId, id };
};

const entryOf = (identity: string) =>
  database.dataSource.getRepository(DeadLetter).findOneByOrFail({ identity });

const effects = async (): Promise<string[]> =>
  (
    await database.dataSource.query<{ event_id: string }[]>(
      'select event_id from effect order by id',
    )
  ).map(({ event_id }) => event_id);

/** Its effect is a row, in the transaction of a transactional worker. */
const effecting = (changes: Partial<ServedWorker> = {}) =>
  servedWorker({
    run: async ({ attributes }, con) => {
      await con.query('insert into effect (event_id) values ($1)', [
        attributes['id'],
      ]);
    },
    ...changes,
  });

test('a redrive reaches exactly one of the seven subscriptions of a topic', async () => {
  const stage = await Stage.open();
  const runs: string[] = [];
  let broken = true;
  const workers = Array.from({ length: 7 }, (_, index) =>
    servedWorker({
      topic: 'shared',
      subscription: `shared-${index}`,
      run: async () => {
        runs.push(`shared-${index}`);
        if (index === 3 && broken) throw new PermanentError('broken');
      },
    }),
  );
  for (const worker of workers) await stage.subscription(worker);
  const { host, records } = stage.host(database.dataSource, workers);
  await host.start();
  await stage.publish('shared', { hello: 'world' });
  await records.count(7);
  expect(runs.sort()).toEqual(workers.map((worker) => worker.subscription));
  broken = false;
  runs.length = 0;
  const report = await redriveMany(redriver(...workers), {
    ...operator,
    filter: { state: 'open' },
    limit: 10,
    signal: never,
  });
  expect(report).toMatchObject({ chosen: 1, redriven: 1, left: 0 });
  expect(runs).toEqual(['shared-3']);
  for (const { subscription } of workers)
    expect(stage.backlog(subscription)).toBe(0);
  await stage.close();
  expect(runs).toEqual(['shared-3']);
  expect(await deadLetters(database.dataSource, 'shared-3')).toMatchObject([
    {
      state: 'redriven',
      stateChangedBy: 'tester',
      stateReason: 'the worker was mended',
      redrives: 1,
    },
  ]);
});

test.each([
  ['ordinary', new Error('still broken')],
  ['permanent', new PermanentError('still broken')],
])('a failed redrive stays open with its new, %s error', async (_, error) => {
  const { eventId } = await bury();
  const worker = servedWorker({
    run: async () => {
      throw error;
    },
  });
  expect(await redriveAll(worker)).toMatchObject({ failed: 1, redriven: 0 });
  expect(await entryOf(eventId)).toMatchObject({
    state: 'open',
    attempts: 6,
    redrives: 1,
    error: `${error.name}: still broken`,
  });
});

test('a transactional redrive commits effect, inbox and state together', async () => {
  const { eventId } = await bury();
  const states: string[] = [];
  const worker = effecting({ transactional: true });
  await redriveAll({
    ...worker,
    run: async (message, con, ...rest) => {
      await worker.run(message, con, ...rest);
      states.push((await entryOf(eventId)).state);
    },
  });
  expect(states).toEqual(['open']);
  expect(await entryOf(eventId)).toMatchObject({ state: 'redriven' });
  expect(await effects()).toEqual([eventId]);
});

test('a duplicate is without effect, and with --again runs past the inbox', async () => {
  const { eventId } = await bury();
  const worker = effecting({ transactional: true });
  await database.dataSource
    .getRepository(Inbox)
    .insert({ subscription: worker.subscription, eventId });
  expect(await redriveAll(worker)).toMatchObject({
    redriven: 1,
    duplicates: 1,
  });
  expect(await effects()).toEqual([]);
  expect(await entryOf(eventId)).toMatchObject({ state: 'redriven' });

  const again = await redriveAll(worker, {
    filter: { state: 'redriven' },
    again: true,
  });
  expect(again).toMatchObject({ redriven: 1, duplicates: 0 });
  expect(await effects()).toEqual([eventId]);
  const audited = await database.dataSource
    .getRepository(AuditLog)
    .findBy({ operation: again.operation });
  expect(audited).toMatchObject([
    {
      action: 'dead-letters.redrive.started',
      actor: 'tester',
      filter: { again: true, state: 'redriven' },
      counts: { chosen: 1 },
    },
    { action: 'dead-letters.redrive.finished', counts: { redriven: 1 } },
  ]);
});

test('what is not open is run only again', async () => {
  const { id } = await bury();
  const worker = effecting();
  const request = { ...operator, id, signal: never };
  await redriveEntry(redriver(worker), request);
  expect(await redriveEntry(redriver(worker), request)).toMatchObject({
    outcome: 'skipped',
    reason: 'not open',
  });
  expect(
    await redriveEntry(redriver(worker), { ...request, again: true }),
  ).toMatchObject({ outcome: 'redriven' });
  expect(await effects()).toHaveLength(2);
});

test('what the inbox may have forgotten is not run unasked', async () => {
  const { id } = await bury({ publishTime: new Date(Date.now() - 60_000) });
  const worker = effecting({ transactional: true });
  const forgetful = { ...redriver(worker), inboxMilliseconds: 30_000 };
  const request = { ...operator, id, signal: never };
  expect(await redriveEntry(forgetful, request)).toMatchObject({
    outcome: 'skipped',
    reason: 'too old',
  });
  expect(
    await redriveEntry(forgetful, { ...request, again: true }),
  ).toMatchObject({ outcome: 'redriven' });
});

test('two redrives never run the same entry at once', async () => {
  const { id } = await bury();
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const worker = servedWorker({
    run: async () => {
      entered.resolve();
      await release.promise;
    },
  });
  const request = { ...operator, id, signal: never };
  const first = redriveEntry(redriver(worker), request);
  await entered.promise;
  expect(await redriveEntry(redriver(worker), request)).toMatchObject({
    outcome: 'skipped',
    reason: 'locked',
  });
  release.resolve();
  expect(await first).toMatchObject({ outcome: 'redriven' });
});

test('three redrives side by side run every entry once', async () => {
  const buried: string[] = [];
  for (let index = 0; index < 30; index++) buried.push((await bury()).eventId);
  const worker = effecting();
  const reports = await Promise.all([
    redriveAll(worker),
    redriveAll(worker),
    redriveAll(worker),
  ]);
  expect((await effects()).sort()).toEqual(buried.sort());
  expect(reports.reduce((sum, { redriven }) => sum + redriven, 0)).toBe(30);
});

test.each(['yes', 'no'])(
  'a redrive that is killed in the middle leaves nothing half done (transactional: %s)',
  async (transactional) => {
    const { id, eventId } = await bury({ subscription: 'killed' });
    const child = spawn(
      process.execPath,
      ['--import', 'tsx/esm', '__tests__/host/fixture/redriving.ts'],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          DATABASE_URL: database.url,
          ENTRY: id,
          TRANSACTIONAL: transactional,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(await entryOf(eventId)).toMatchObject({
      state: 'open',
      attempts: 5,
    });
    const inbox = database.dataSource.getRepository(Inbox);
    expect(await inbox.countBy({ eventId })).toBe(0);
    expect(await effects()).toEqual(transactional === 'yes' ? [] : [eventId]);

    const worker = effecting({
      subscription: 'killed',
      transactional: transactional === 'yes',
    });
    const redrive = () =>
      redriveEntry(redriver(worker), { ...operator, id, signal: never });
    let result = await redrive();
    // Postgres gives the lock back once it sees that the connection is gone.
    await until(async () => {
      if (result.outcome === 'skipped') result = await redrive();
      return result.outcome !== 'skipped';
    });
    expect(result).toMatchObject({ outcome: 'redriven', duplicate: false });
    expect(await effects()).toHaveLength(transactional === 'yes' ? 1 : 2);
    expect(await entryOf(eventId)).toMatchObject({ state: 'redriven' });
  },
);

test('messages are redriven in the order of publication, none behind a failed one of its key', async () => {
  const at = (second: number) => new Date(2026, 0, 1, 0, 0, second);
  const letter = (name: string, second: number, orderingKey: string) =>
    bury({ payload: { name }, publishTime: at(second), orderingKey });
  await letter('third', 3, 'a');
  await letter('second', 2, 'a');
  await letter('first', 1, 'a');
  await letter('other', 4, 'b');
  const names: string[] = [];
  const worker = servedWorker({
    ordered: true,
    run: async ({ data }) => {
      const { name } = data as { name: string };
      names.push(name);
      if (name === 'second') throw new Error('no');
    },
  });
  expect(await redriveAll(worker)).toMatchObject({
    redriven: 2,
    failed: 1,
    skipped: 1,
  });
  expect(names).toEqual(['first', 'second', 'other']);
});

test('the canary is one entry, the one published first', async () => {
  await bury({ publishTime: new Date(2026, 0, 2) });
  const first = await bury({ publishTime: new Date(2026, 0, 1) });
  const worker = effecting();
  expect(await redriveAll(worker, { limit: 1 })).toMatchObject({ redriven: 1 });
  expect(await effects()).toEqual([first.eventId]);
});

test('an operator can stop it; what ran is undone, what was not begun stays', async () => {
  await bury();
  await bury();
  const stop = new AbortController();
  const worker = effecting({ transactional: true });
  const report = await redriveAll(
    {
      ...worker,
      run: async (message, ...rest) => {
        await worker.run(message, ...rest);
        stop.abort();
        await once(message.signal, 'abort').catch(() => undefined);
        await new Promise(() => undefined);
      },
    },
    { signal: stop.signal },
  );
  expect(report).toMatchObject({ redriven: 0, failed: 0, left: 2 });
  expect(report.stopped).toBeDefined();
  expect(await effects()).toEqual([]);
});

test('it ends when Postgres is away for the handler, and blames nobody', async () => {
  const { eventId } = await bury();
  await bury();
  const worker = effecting({ transactional: true });
  await database.dataSource.query('alter table inbox rename to inbox_away');
  const report = await redriveAll(worker);
  await database.dataSource.query('alter table inbox_away rename to inbox');
  expect(report).toMatchObject({ left: 2, failed: 0 });
  expect(report.stopped).toContain('inbox');
  expect(await entryOf(eventId)).toMatchObject({ state: 'open', attempts: 5 });
});

test('entries that no subscription of this version can run are skipped', async () => {
  await bury({ subscription: 'of the next version' });
  await writeDeadLetter(database.dataSource.manager, {
    source: 'flow',
    subscription: 'a flow',
    topic: 'topic',
    identity: uuidv7(),
    payload: Buffer.from('x'),
    attributes: {},
    error: 'refused',
    attempts: 1,
  });
  const reasons: unknown[] = [];
  await redriveAll(effecting(), {
    onResult: (result) => reasons.push('reason' in result && result.reason),
  });
  expect(reasons.sort()).toEqual(['no worker', 'not a message']);
});

/** A row's change that the broker refused: its topic has two subscriptions. */
const refusedChange = async (payload: object) => {
  const identity = uuidv7();
  await writeDeadLetter(database.dataSource.manager, {
    source: 'cdc',
    subscription: 'a slot',
    topic: 'rows',
    identity,
    eventId: identity,
    orderingKey: 'row 1',
    payload: Buffer.from(JSON.stringify(payload)),
    attributes: { id: identity },
    error: new Error('INVALID_ARGUMENT'),
    attempts: 1,
  });
  return entryOf(identity);
};
const followers = () =>
  ['rows-1', 'rows-2'].map((subscription) =>
    effecting({ topic: 'rows', subscription, transactional: true }),
  );
const redriveChange = (id: string, workers: readonly ServedWorker[]) =>
  redriveEntry(redriver(...workers, effecting()), {
    id,
    ...operator,
    signal: never,
  });

test("a refused row's change reaches every subscription of its topic, once", async () => {
  const { id, identity } = await refusedChange({});
  expect(await redriveChange(id, followers())).toMatchObject({
    outcome: 'redriven',
  });
  expect(await effects()).toEqual([identity, identity]);
  expect(await entryOf(identity)).toMatchObject({
    state: 'redriven',
    stateChangedBy: 'tester',
    redrives: 1,
  });
  expect(await redriveChange(id, followers())).toMatchObject({
    outcome: 'skipped',
    reason: 'not open',
  });
});

test("where a refused row's change fails, that subscription alone has it at the desk", async () => {
  const { id } = await refusedChange({});
  const broken = effecting({
    topic: 'rows',
    subscription: 'rows-0',
    run: () => Promise.reject(new Error('broken')),
  });
  expect(await redriveChange(id, [broken, ...followers()])).toMatchObject({
    outcome: 'failed',
    error: 'rows-0: Error: broken',
  });
  expect(await effects()).toHaveLength(2);
  const entries = await database.dataSource
    .getRepository(DeadLetter)
    .find({ order: { subscription: 'asc' } });
  expect(entries).toMatchObject([
    { source: 'cdc', subscription: 'a slot', state: 'redriven' },
    { source: 'pubsub', subscription: 'rows-0', state: 'open' },
  ]);
});

test("a refused row's change that no subscription can run stays as it is", async () => {
  const { id, identity } = await refusedChange({});
  expect(await redriveChange(id, [])).toMatchObject({ reason: 'no worker' });
  const unread = followers().map((worker) => ({
    ...worker,
    eventId: () => undefined,
  }));
  expect(await redriveChange(id, unread)).toMatchObject({
    reason: 'not a message',
  });
  expect(await entryOf(identity)).toMatchObject({ state: 'open', redrives: 0 });
});
