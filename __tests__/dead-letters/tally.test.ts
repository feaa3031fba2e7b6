import fc from '../random/property.ts';

import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { markRedriven } from '../../src/dead-letters/claim.ts';
import { listGroups, readGroups } from '../../src/dead-letters/groups.ts';
import { parsePayloadCondition } from '../../src/dead-letters/payload-path.ts';
import { resolveEntries } from '../../src/dead-letters/resolve.ts';
import { countEntries } from '../../src/dead-letters/search.ts';
import {
  foldTally,
  miscountsSql,
  recountTally,
} from '../../src/dead-letters/tally.ts';
import { until } from '../e2e/nightshift.ts';
import { useTestDatabase } from '../setup/use-test-database.ts';

const database = useTestDatabase();

beforeEach(() => database.con.query('truncate dead_letter'));

const subscriptions = ['api.one', 'api.two'];
const errors = ['no space left', 'not a user'];

const bury = (
  identity: string,
  { subscription = 'api.one', error = 'no space left', kind = 'any' } = {},
  manager = database.con.manager,
) =>
  writeDeadLetter(manager, {
    source: 'pubsub',
    subscription,
    topic: 'views',
    identity,
    payload: Buffer.from(JSON.stringify({ kind })),
    attributes: {},
    error: new Error(error),
    attempts: 2,
  });

/** By the tally and by the desk: entries and attempts of each kind. */
const both = async () => {
  const counted = (entries: string, attempts: string, table: string) =>
    database.con.query<unknown[]>(
      `select source, subscription, fingerprint, state, ${entries}::int as entries, ${attempts}::int as attempts
         from ${table} group by 1, 2, 3, 4 having ${entries} <> 0 or ${attempts} <> 0 order by 2, 3, 4`,
    );
  return [
    await counted('sum(entries)', 'sum(attempts)', 'dead_letter_tally'),
    await counted('count(*)', 'sum(attempts)', 'dead_letter'),
  ] as const;
};

type Operation =
  | { kind: 'bury'; entry: number; subscription: number; error: number }
  | { kind: 'redrive'; entry: number }
  | { kind: 'resolve'; subscription: number }
  | { kind: 'prune' | 'fold' | 'abort' };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant('bury' as const),
    entry: fc.nat(8),
    subscription: fc.nat(1),
    error: fc.nat(1),
  }),
  fc.record({ kind: fc.constant('redrive' as const), entry: fc.nat(8) }),
  fc.record({ kind: fc.constant('resolve' as const), subscription: fc.nat(1) }),
  fc.record({ kind: fc.constantFrom('prune', 'fold', 'abort') }),
);

const perform = async (given: Operation): Promise<void> => {
  const { manager } = database.con;
  switch (given.kind) {
    case 'bury':
      await bury(`entry ${given.entry}`, {
        subscription: subscriptions[given.subscription]!,
        error: errors[given.error]!,
      });
      return;
    case 'redrive': {
      const rows = await manager.query<{ id: string }[]>(
        'select id from dead_letter where identity = $1',
        [`entry ${given.entry}`],
      );
      for (const { id } of rows)
        await markRedriven(manager, id, { actor: 'ana', reason: undefined });
      return;
    }
    case 'resolve':
      await resolveEntries(database.con, {
        filter: { subscription: subscriptions[given.subscription]! },
        limit: 3,
        actor: 'ana',
        reason: 'deleted',
      });
      return;
    case 'prune':
      await manager.query(`delete from dead_letter where state <> 'open'`);
      return;
    case 'fold':
      await foldTally(manager, { least: 1, most: 5 });
      return;
    case 'abort':
      await database.con
        .transaction(async (own) => {
          await bury('aborted', {}, own);
          throw new Error('the transaction is given up');
        })
        .catch(() => undefined);
  }
};

test('whatever is done to the desk, by many at once, the tally counts what stands there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 1, maxLength: 25 }),
      async (operations) => {
        await database.con.query('truncate dead_letter');
        // Five at a time, each in a transaction of its own.
        for (let at = 0; at < operations.length; at += 5)
          await Promise.all(operations.slice(at, at + 5).map(perform));
        const [tally, desk] = await both();
        expect(tally).toEqual(desk);
        expect(await countEntries(database.con, {})).toBe(
          desk.reduce<number>(
            (sum, row) => sum + (row as { entries: number }).entries,
            0,
          ),
        );
      },
    ),
    { numRuns: 25 },
  );
});

test('groups by the tally are those that are counted from the entries', async () => {
  for (let entry = 0; entry < 6; entry++)
    await bury(`entry ${entry}`, {
      subscription: subscriptions[entry % 2]!,
      error: errors[entry % 3 ? 1 : 0]!,
    });
  await bury('entry 0');
  const counted = await readGroups(
    database.con,
    { payload: [parsePayloadCondition('kind=any')] },
    10,
  );
  expect(counted).toMatchObject({ entries: 6, isCapped: false });
  expect(await readGroups(database.con, {}, 10)).toEqual(counted);
});

test('folding leaves few rows of many, and every count as it was', async () => {
  for (let entry = 0; entry < 30; entry++) await bury(`entry ${entry}`);
  const before = await listGroups(database.con, {}, 10);
  expect(await foldTally(database.con.manager, { least: 31, most: 100 })).toBe(
    0,
  );
  expect(await foldTally(database.con.manager, { least: 30, most: 100 })).toBe(
    30,
  );
  const [row] = await database.con.query<{ rows: number }[]>(
    'select count(*)::int as rows from dead_letter_tally',
  );
  expect(row?.rows).toBe(1);
  expect(await listGroups(database.con, {}, 10)).toEqual(before);
});

test('what was written while the triggers were off is found, and counted anew', async () => {
  const { con } = database;
  await bury('before');
  await con.query('alter table dead_letter disable trigger user');
  await bury('meanwhile');
  await con.query('alter table dead_letter enable trigger user');
  const wrong = () => con.query<unknown[]>(miscountsSql, [10]);
  expect(await wrong()).toMatchObject([
    { subscription: 'api.one', state: 'open', tallied: 1, entries: 2 },
  ]);
  await recountTally(con);
  expect(await wrong()).toEqual([]);
  expect(await countEntries(con, {})).toBe(2);
});

test('what is folded while everything is counted anew is counted once', async () => {
  const { con } = database;
  for (let entry = 0; entry < 3; entry++) await bury(`entry ${entry}`);
  const runner = con.createQueryRunner();
  await runner.startTransaction();
  await foldTally(runner.manager, { least: 1, most: 100 });
  const recounted = recountTally(con);
  await until(async () => {
    const waiting = await con.query<unknown[]>(
      `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    );
    return waiting.length > 0;
  });
  await runner.commitTransaction();
  await runner.release();
  await recounted;
  expect(await con.query(miscountsSql, [10])).toEqual([]);
});
