import { scheduleDue } from '../../../../src/jobs/handlers/connections/due.ts';
import { useTestDatabase } from '../../../helpers.ts';
import { createConnection, waitingSyncs } from './set-up.ts';

const database = useTestDatabase();
const { signal } = new AbortController();
const hour = 3_600_000;

const ago = (hours: number): Date => new Date(Date.now() - hours * hour);

const schedule = () => scheduleDue(database.con, { hours: 24, signal });

const url = 'https://example.com/feed';

test('connections that waited too long get one job, however often and at once it is looked', async () => {
  const { con } = database;
  const never = await createConnection(con, url);
  const long = await createConnection(con, url, { lastAttemptedAt: ago(25) });
  const lately = await createConnection(con, url, { lastAttemptedAt: ago(23) });
  const disabled = await createConnection(con, url, {
    lastAttemptedAt: ago(99),
    disabledAt: ago(1),
  });
  const runs = await Promise.all([schedule(), schedule(), schedule()]);
  expect(runs.map(({ due }) => due)).toEqual([2, 2, 2]);
  expect(runs.reduce((sum, { created }) => sum + created, 0)).toBe(2);
  expect(await schedule()).toEqual({ due: 2, created: 0 });
  expect(await waitingSyncs(con, never)).toBe(1);
  expect(await waitingSyncs(con, long)).toBe(1);
  expect(await waitingSyncs(con, lately)).toBe(0);
  expect(await waitingSyncs(con, disabled)).toBe(0);
});

test('a connection whose job came to nothing gets another one after another period', async () => {
  const { con } = database;
  const connection = await createConnection(con, url, {
    lastAttemptedAt: ago(25),
  });
  await schedule();
  await con.query(
    `update connection set created_at = created_at - interval '24 hours',
       last_attempted_at = last_attempted_at - interval '24 hours' where id = $1`,
    [connection.id],
  );
  await schedule();
  expect(await waitingSyncs(con, connection)).toBe(2);
});

test('a sync that was asked for during one that was killed is not forgotten', async () => {
  const { con } = database;
  const connection = await createConnection(con, url, {
    lastAttemptedAt: ago(1),
    requestedAt: ago(1),
  });
  await schedule();
  expect(await waitingSyncs(con, connection)).toBe(1);
});

test('more connections than a page holds are all found', async () => {
  const { con } = database;
  const { sourceId, authorId } = await createConnection(con, url);
  await con.query(
    `insert into connection (id, source_id, author_id, url, last_attempted_at)
     select gen_random_uuid(), $1, $2, 'https://example.com/' || n,
       case when n % 2 = 0 then now() - interval '30 hours' end
     from generate_series(1, 1200) n`,
    [sourceId, authorId],
  );
  const { created } = await schedule();
  expect(created).toBe(1_201);
});

test('an abort ends it', async () => {
  await expect(
    scheduleDue(database.con, { hours: 24, signal: AbortSignal.abort() }),
  ).rejects.toThrow();
});
