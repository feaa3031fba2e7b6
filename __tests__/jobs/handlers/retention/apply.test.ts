import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import type { DataSource } from 'typeorm';

import { listActions } from '../../../../src/dead-letters/audit.ts';
import { applyRetention } from '../../../../src/jobs/handlers/retention/apply.ts';
import { FolderStorage } from '../../../../src/storage/folder.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import { createUser } from '../../../workers/community.ts';

let database: TestDatabase;
let con: DataSource;
let folder: string;
let storage: FolderStorage;

beforeEach(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
  folder = await mkdtemp(join(tmpdir(), 'nightshift-retention-'));
  storage = new FolderStorage({
    folder,
    linkBase: 'http://127.0.0.1',
    linkSecret: undefined,
  });
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const days = 30;
const apply = (options: Partial<Parameters<typeof applyRetention>[1]> = {}) =>
  applyRetention(con, { days, storage, ...options });

const ago = (age: number) => new Date(Date.now() - age * 86_400_000);

const deadLetter = (state: string, changed: Date | null, seen = ago(400)) =>
  con.query(
    `insert into dead_letter (id, source, subscription, topic, identity, payload, attributes, error, attempts,
                              state, state_changed_at, first_seen_at, last_seen_at)
     values (gen_random_uuid(), 'pubsub', 's', 't', gen_random_uuid(), '', '{}', 'Error', 1, $1, $2, $3, $3)`,
    [state, changed, seen],
  );

const action = (at: Date) =>
  con.query(
    `insert into audit_log (id, operation, action, actor, filter, counts, created_at)
     values (gen_random_uuid(), gen_random_uuid(), 'a', 'somebody', '{}', '{}', $1)`,
    [at],
  );

const finishedJob = async (at: Date, state = 'completed'): Promise<string> => {
  const id = randomUUID();
  await con.query(
    `insert into jobs_completed (id, queue, name, state, priority, tenant, payload, attempt, attempts,
                                 created_at, run_at, finished_at)
     values ($1, 'q', 'n', $2, 1, '', '{}', 1, 1, $3, $3, $3)`,
    [id, state, at],
  );
  await con.query(
    `insert into job_attempt (job_id, fence, attempt, worker, started_at) values ($1, 1, 1, 'w', $2)`,
    [id, at],
  );
  return id;
};

const notification = async (
  at: Date,
  recipients: readonly Date[],
): Promise<void> => {
  const id = randomUUID();
  await con.query(
    `insert into notification_v2 (id, type, reference_id, unique_key, title, target_url, created_at)
     values ($1::uuid, 't', $1::text, '', 'title', '/', $2)`,
    [id, at],
  );
  for (const told of recipients) {
    const { id: userId } = await createUser(con);
    await con.query(
      `insert into user_notification (notification_id, user_id, created_at) values ($1, $2, $3)`,
      [id, userId, told],
    );
    await con.query(
      `insert into sent_message (id, channel, recipient_id, notification_id, subject, body, idempotency_key, created_at)
       values (gen_random_uuid(), 'mail', $1, $2, '', '', gen_random_uuid(), $3)`,
      [userId, id, told],
    );
  }
};

const countOf = async (table: string, condition = 'true'): Promise<number> => {
  const [row] = await con.query<[{ rows: number }]>(
    `select count(*)::int as rows from ${table} where ${condition}`,
  );
  return row.rows;
};

const exported = async (at: Date, userId: string): Promise<string> => {
  const key = `exports/${randomUUID()}.csv`;
  await storage.put(key, Readable.from(['x']), { contentType: 'text/csv' });
  await con.query(
    `insert into export (id, user_id, kind, format, object_key, requested_at)
     values (gen_random_uuid(), $1, 'my-posts', 'csv', $2, $3)`,
    [userId, key, at],
  );
  return key.split('/')[1]!;
};

it('deletes settled dead letters by when they were settled, and never an open one', async () => {
  await deadLetter('open', null, ago(4_000));
  await deadLetter('resolved', ago(31));
  await deadLetter('redriven', ago(31));
  await deadLetter('resolved', ago(29));
  await deadLetter('redriven', ago(29));
  // From before settling was dated.
  await deadLetter('redriven', null, ago(31));
  expect(await apply()).toMatchObject({ rows: { dead_letter: 3 } });
  expect(await countOf('dead_letter')).toBe(3);
  expect(await countOf('dead_letter', `state = 'open'`)).toBe(1);
});

it('leaves an entry that is opened again while it waits to delete it', async () => {
  await deadLetter('resolved', ago(31));
  const reopening = con.createQueryRunner();
  await reopening.startTransaction();
  await reopening.query(
    `update dead_letter set state = 'open', state_changed_at = null`,
  );
  expect(await apply()).toMatchObject({ rows: { dead_letter: 0 } });
  await reopening.commitTransaction();
  await reopening.release();
  expect(await apply()).toMatchObject({ rows: { dead_letter: 0 } });
  expect(await countOf('dead_letter', `state = 'open'`)).toBe(1);
});

it('deletes old lines of the audit log and writes one about it', async () => {
  await action(ago(31));
  await action(ago(29));
  expect(await apply()).toMatchObject({ rows: { audit_log: 1 } });
  const [line, ...others] = await listActions(con.manager, 10);
  expect(others).toHaveLength(1);
  const told = [line!, ...others].find(
    ({ action: name }) => name === 'retention.apply',
  );
  expect(told).toMatchObject({
    actor: 'nightshift',
    filter: { days },
    counts: { audit_log: 1 },
  });
});

it('writes nothing about nothing', async () => {
  await apply();
  expect(await countOf('audit_log')).toBe(0);
});

it('deletes notifications that nobody has any more, with what was sent of them', async () => {
  await notification(ago(31), [ago(31), ago(31)]);
  await notification(ago(31), [ago(31), ago(1)]);
  await notification(ago(1), [ago(1)]);
  expect(await apply()).toMatchObject({
    rows: { notification_v2: 1, user_notification: 3, sent_message: 3 },
  });
  expect(await countOf('notification_v2')).toBe(2);
  expect(await countOf('user_notification')).toBe(2);
});

it('deletes deliveries of webhooks that are settled, and no pending one', async () => {
  const { id: userId } = await createUser(con);
  const endpoint = randomUUID();
  await con.query(
    `insert into webhook_endpoint (id, user_id, url, secret) values ($1, $2, 'https://example.com', 's')`,
    [endpoint, userId],
  );
  for (const [state, settled] of [
    ['pending', null],
    ['delivered', ago(31)],
    ['failed', ago(31)],
    ['delivered', ago(29)],
  ] as const)
    await con.query(
      `insert into webhook_deliveries (id, endpoint_id, event_type, event_id, payload, state, created_at, settled_at)
       values (gen_random_uuid(), $1, 't', gen_random_uuid(), '{}', $2, $3, $4)`,
      [endpoint, state, ago(400), settled],
    );
  expect(await apply()).toMatchObject({ rows: { webhook_deliveries: 2 } });
  expect(await countOf('webhook_deliveries', `state = 'pending'`)).toBe(1);
});

it('deletes finished jobs with their attempts', async () => {
  await finishedJob(ago(31));
  const kept = await finishedJob(ago(29));
  expect(await apply()).toMatchObject({ rows: { jobs_completed: 1 } });
  expect(await con.query('select job_id from job_attempt')).toEqual([
    { job_id: kept },
  ]);
});

it('keeps a failed job whose dead letter is open', async () => {
  const id = await finishedJob(ago(400), 'failed');
  await con.query(
    `insert into dead_letter (id, source, subscription, topic, identity, payload, attributes, error, attempts)
     values (gen_random_uuid(), 'job', 'q', 'n', $1, '', '{}', 'Error', 1)`,
    [id],
  );
  expect(await apply()).toMatchObject({ rows: { jobs_completed: 0 } });
  await con.query(
    `update dead_letter set state = 'resolved', state_changed_at = now()`,
  );
  expect(await apply()).toMatchObject({
    rows: { jobs_completed: 1, dead_letter: 0 },
  });
});

it('deletes exports with their objects, at once those of people who are gone', async () => {
  const { id } = await createUser(con);
  const gone = await createUser(con);
  await exported(ago(31), id);
  const kept = await exported(ago(29), id);
  await exported(ago(1), gone.id);
  await con.query('delete from "user" where id = $1', [gone.id]);
  expect(await apply()).toMatchObject({ rows: { export: 2 } });
  expect(await countOf('export')).toBe(1);
  expect(await readdir(join(folder, 'exports'))).toEqual([kept]);
});

it('goes on after a storage that was away, whose objects are still named', async () => {
  const { id } = await createUser(con);
  await exported(ago(31), id);
  await deadLetter('resolved', ago(31));
  const away = new FolderStorage({
    folder,
    linkBase: '',
    linkSecret: undefined,
  });
  away.delete = () => Promise.reject(new Error('the storage is away'));
  await expect(apply({ storage: away })).rejects.toThrow('the storage is away');
  expect(await countOf('dead_letter')).toBe(0);
  expect(await countOf('export')).toBe(1);
  expect(await apply()).toMatchObject({ rows: { export: 1 } });
});

it('counts the same in a dry run and changes nothing', async () => {
  const { id } = await createUser(con);
  await action(ago(31));
  await notification(ago(31), [ago(31)]);
  await finishedJob(ago(31));
  await deadLetter('resolved', ago(31));
  await exported(ago(31), id);
  await con.query(
    `insert into reconciliation_report (id, counter, repair, started_at) values (gen_random_uuid(), 'c', false, $1)`,
    [ago(31)],
  );
  const dry = await apply({ dryRun: true });
  expect(dry).toMatchObject({
    dryRun: true,
    rows: {
      audit_log: 1,
      user_notification: 1,
      jobs_completed: 1,
      dead_letter: 1,
      export: 1,
      reconciliation_report: 1,
    },
  });
  // A notification counts once those who have it are gone.
  expect((await apply())?.rows).toEqual({ ...dry?.rows, notification_v2: 1 });
});

it('deletes more than one statement takes', async () => {
  for (let line = 0; line < 7; line += 1) await action(ago(31));
  expect(await apply({ batch: 3 })).toMatchObject({ rows: { audit_log: 7 } });
});

it('stops between two statements when it is told to', async () => {
  for (let line = 0; line < 7; line += 1) await deadLetter('resolved', ago(31));
  const controller = new AbortController();
  const stopped = apply({
    signal: controller.signal,
    onProgress: (_fraction, table) => {
      if (table === 'dead_letter') controller.abort(new Error('drain'));
    },
  });
  await expect(stopped).rejects.toThrow('drain');
  expect(await countOf('dead_letter')).toBe(7);
});

it('does nothing while another process does it', async () => {
  const holder = con.createQueryRunner();
  await holder.connect();
  await holder.query('select pg_advisory_lock(7232004)');
  expect(await apply()).toBeUndefined();
  await holder.query('select pg_advisory_unlock_all()');
  await holder.release();
  expect(await apply()).toBeDefined();
});
