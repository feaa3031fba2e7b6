import { NotificationV2, Post } from '../../../src/entity/index.ts';
import { describeRun, listFlowRuns } from '../../../src/flows/index.ts';
import worker from '../../../src/workers/postPublication.ts';
import {
  expectSuccessfulTypedBackground,
  useTestDatabase,
} from '../../helpers.ts';
import { createCommunity } from '../../workers/community.ts';
import { workOff } from './work.ts';

const database = useTestDatabase();

/** The day is over: what sleeps is due. */
const afterTheFirstDay = (run: string) =>
  database.con.query(
    `with due as (
       update flow_task set due_at = now() where run_id = $1 and step = 'first-day' returning job_id
     )
     update job set run_at = now() where id in (select job_id from due)`,
    [run],
  );

const publish = async (postId: string) => {
  const { con } = database;
  await expectSuccessfulTypedBackground(worker, { postId });
  await expectSuccessfulTypedBackground(worker, { postId });
  const runs = await listFlowRuns(con.manager, { flow: 'publication' });
  return runs.filter(({ key }) => key === postId);
};

test('a new post starts one run, which knows its event, and tells the author of the first day', async () => {
  const { con } = database;
  const { post, author } = await createCommunity(con);
  const [run, ...others] = await publish(post.id);
  expect(others).toEqual([]);
  expect(run?.cause).toMatch(/^[\da-f-]{36}$/);

  await workOff(con, 'flows');
  const asleep = await describeRun(con.manager, run!.id);
  expect(asleep?.steps.map(({ name, state }) => [name, state])).toEqual([
    ['load', 'completed'],
    ['announce', 'completed'],
    ['warm', 'completed'],
    ['first-day', 'waiting'],
    ['summarise', 'pending'],
  ]);
  await con.getRepository(Post).update({ id: post.id }, { upvotes: 3 });
  await afterTheFirstDay(run!.id);
  await workOff(con, 'flows');
  expect((await describeRun(con.manager, run!.id))?.run.state).toBe(
    'completed',
  );
  const [told] = await con.query<{ body: string; user_id: string }[]>(
    `select body, user_id from notification_v2 join user_notification on notification_id = notification_v2.id
     where type = 'post_first_day'`,
  );
  expect(told).toEqual({
    body: expect.stringMatching(/: 3 upvotes, 0 comments$/),
    user_id: author.id,
  });
});

test('a post that is deleted before ends its run quietly', async () => {
  const { con } = database;
  const { post, comment } = await createCommunity(con);
  await con.query('delete from comment where id = $1', [comment.id]);
  await con.query('delete from post where id = $1', [post.id]);
  const [run] = await publish(post.id);
  await workOff(con, 'flows');
  await afterTheFirstDay(run!.id);
  await workOff(con, 'flows');
  const ended = await describeRun(con.manager, run!.id);
  expect(ended?.run.state).toBe('completed');
  expect(ended?.steps[1]?.state).toBe('skipped');
  expect(
    await con
      .getRepository(NotificationV2)
      .countBy({ type: 'post_first_day', referenceId: post.id }),
  ).toBe(0);
});
