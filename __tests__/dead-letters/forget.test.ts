import { v7 as uuidv7 } from 'uuid';

import { namesUser } from '../../src/common/personal-data.ts';
import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { forgetUser } from '../../src/dead-letters/forget.ts';
import { AuditLog, DeadLetter, Outbox } from '../../src/entity/index.ts';
import { useTestDatabase } from '../setup/use-test-database.ts';

const database = useTestDatabase();
const user = uuidv7();
const other = uuidv7();

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

const bury = async (topic: string, payload: unknown, error = 'no') => {
  const identity = uuidv7();
  const letter = {
    source: 'pubsub' as const,
    subscription: 'forget-test',
    topic,
    identity,
    eventId: identity,
    orderingKey: user,
    payload: json(payload),
    attributes: { id: identity, about: JSON.stringify(payload) },
    error: new Error(error),
    attempts: 1,
  };
  await writeDeadLetter(database.con.manager, letter);
  return letter;
};

const send = (topic: string, payload: unknown) =>
  database.con.getRepository(Outbox).save({
    id: uuidv7(),
    topic,
    orderingKey: 'x',
    type: topic,
    payload: json(payload),
    traceparent: null,
    cause: null,
  });

const forget = (options: { mentions?: boolean; dryRun?: boolean } = {}) =>
  forgetUser(database.con, {
    user: user.toUpperCase(),
    actor: 'tester',
    reason: 'ticket 17',
    names: (topic, payload) => namesUser(topic, payload, user),
    ...options,
  });

const entry = (identity: string) =>
  database.con.getRepository(DeadLetter).findOneByOrFail({ identity });

/** Every text of the tables that may hold personal data. */
const everything = async (): Promise<string> => {
  const [row] = await database.con.query<{ all: string }[]>(
    `select coalesce((select string_agg(d::text || encode(d.payload, 'escape'), '') from dead_letter d), '')
         || coalesce((select string_agg(o::text || encode(o.payload, 'escape'), '') from outbox o), '')
         || coalesce((select string_agg(a::text, '') from audit_log a), '') as all`,
  );
  return row?.all ?? '';
};

beforeEach(async () => {
  await database.con.query('delete from dead_letter');
  await database.con.query('delete from outbox');
});

test('a forgotten user is in no payload of desk and outbox, nor in the audit log', async () => {
  const letter = await bury(
    'post-upvoted',
    { postId: uuidv7(), userId: user },
    `no user ${user}`,
  );
  const kept = await bury('user-created', { userId: other });
  await send('user-updated', { userId: user, changed: ['name'] });
  const keptEvent = await send('user-created', { userId: other });

  const found = [
    { place: 'desk', topic: 'post-upvoted', named: 1, mentioned: 0 },
    { place: 'outbox', topic: 'user-updated', named: 1, mentioned: 0 },
  ];
  // The key of what is kept holds the id: a mention.
  const mention = {
    place: 'desk',
    topic: 'user-created',
    named: 0,
    mentioned: 1,
  };
  expect(await forget({ dryRun: true })).toMatchObject({
    operation: undefined,
    found: [found[0], mention, found[1]],
    erased: 0,
  });
  expect((await entry(letter.identity)).payload).toEqual(letter.payload);

  const report = await forget();
  expect(report).toMatchObject({ erased: 2, left: 1 });
  expect(await entry(letter.identity)).toMatchObject({
    payload: Buffer.alloc(0),
    document: null,
    attributes: {},
    orderingKey: '',
    error: 'Error: erased',
    errorStack: null,
    state: 'resolved',
    stateChangedBy: 'tester',
    erasedAt: expect.any(Date),
    attempts: 1,
  });
  expect(await entry(kept.identity)).toMatchObject({ payload: kept.payload });
  expect(
    (await database.con.getRepository(Outbox).find()).map(({ id }) => id),
  ).toEqual([keptEvent.id]);

  expect(await forget({ mentions: true })).toMatchObject({
    erased: 1,
    left: 0,
  });
  expect(await everything()).not.toContain(user);
  const audited = await database.con
    .getRepository(AuditLog)
    .findBy({ operation: report.operation! });
  expect(audited).toMatchObject([
    { action: 'forget.started', actor: 'tester', reason: 'ticket 17' },
    { action: 'forget.finished', counts: { named: 2, erased: 2 } },
  ]);
});

test('what is forgotten stays so when its message comes again', async () => {
  const letter = await bury('user-created', { userId: user }, user);
  await forget();
  await writeDeadLetter(database.con.manager, letter);
  expect(await entry(letter.identity)).toMatchObject({
    state: 'resolved',
    attempts: 2,
    error: 'Error: erased',
  });
  expect(await everything()).not.toContain(user);
});

test('pages beyond the first are looked through', async () => {
  await database.con.query(
    `insert into outbox (id, topic, ordering_key, type, payload)
     select gen_random_uuid(), 'user-created', 'x', 'user-created',
            convert_to(json_build_object('userId', case when n % 100 = 0 then $1 else $2 end)::text, 'UTF8')
       from generate_series(1, 4500) n`,
    [user, other],
  );
  const progress: number[] = [];
  const report = await forgetUser(database.con, {
    user,
    actor: 'tester',
    names: (topic, payload) => namesUser(topic, payload, user),
    onProgress: (place, rows) => {
      if (place === 'outbox') progress.push(rows);
    },
  });
  expect(report.erased).toBe(45);
  expect(progress.length).toBeGreaterThan(2);
  expect(await everything()).not.toContain(user);
  expect(await database.con.getRepository(Outbox).count()).toBe(4_455);
});

test.each(["' or true --", '%', '', 'a-user-name'])(
  'nobody is forgotten by %j',
  async (given) => {
    await send('user-created', { userId: user });
    await expect(
      forgetUser(database.con, {
        user: given,
        actor: 'tester',
        names: () => true,
      }),
    ).rejects.toThrow('UUID');
    expect(await database.con.getRepository(Outbox).count()).toBe(1);
  },
);
