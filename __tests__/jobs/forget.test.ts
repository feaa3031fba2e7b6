import { v7 as uuidv7 } from 'uuid';

import { namesUser } from '../../src/common/personal-data.ts';
import { forgetUser } from '../../src/dead-letters/forget.ts';
import { jobNamesUser } from '../../src/jobs/personal-data.ts';
import { useTestDatabase } from '../helpers.ts';
import { clearJobs, storeOf } from './store/store.ts';

const database = useTestDatabase();

beforeEach(() => clearJobs(database.con));

const forget = (user: string, mentions = false) =>
  forgetUser(database.con, {
    user,
    mentions,
    actor: 'on-call',
    names: (topic, payload) =>
      namesUser(topic, payload, user) || jobNamesUser(topic, payload, user),
  });

const mail = (user: string) => ({
  name: 'send-email',
  payload: JSON.stringify({
    template: 'export-ready',
    userId: user,
    context: {},
  }),
});

test('what jobs hold of a user goes: of those that wait and have failed the rows, of the archive the payload', async () => {
  const { store, enqueue, claim, complete, fail } = storeOf(database.con);
  const [user, other] = [uuidv7(), uuidv7()];
  const [done] = await enqueue(mail(user));
  await complete((await claim())[0]!, JSON.stringify({ to: user }));
  const [failed] = await enqueue(mail(user));
  await fail((await claim())[0]!, { permanent: true });
  const [waiting, kept] = await enqueue(mail(user), mail(other));
  const report = await forget(user);
  expect(report.erased).toBe(4);
  expect(await store.find(failed!)).toBeUndefined();
  expect(await store.find(waiting!)).toBeUndefined();
  expect(await store.find(kept!)).toBeDefined();
  expect(await store.find(done!)).toMatchObject({
    state: 'completed',
    result: undefined,
  });
  const [row] = await database.con.query<{ held: number }[]>(
    `select (select count(*) from job where payload::text like $1)::int
       + (select count(*) from jobs_completed where payload::text || coalesce(result::text, '') like $1)::int
       + (select count(*) from dead_letter where document::text like $1)::int as held`,
    [`%${user}%`],
  );
  expect(row?.held).toBe(0);
});

test('a job that only mentions the user is told of, and left unless asked for', async () => {
  const { store, enqueue } = storeOf(database.con);
  const user = uuidv7();
  const [id] = await enqueue({ name: 'generate-export', tenant: user });
  expect(await forget(user)).toMatchObject({ erased: 0, left: 1 });
  expect(await store.find(id!)).toBeDefined();
  expect(await forget(user, true)).toMatchObject({ erased: 1 });
  expect(await store.find(id!)).toBeUndefined();
});

test('a job that runs is left, and told of', async () => {
  const { store, enqueue, claim } = storeOf(database.con);
  const user = uuidv7();
  const [id] = await enqueue(mail(user));
  await claim();
  expect(await forget(user)).toMatchObject({ erased: 0, running: 1 });
  expect(await store.find(id!)).toMatchObject({ state: 'running' });
});
