import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import {
  Post,
  ReconciliationDifference,
  ReconciliationReport,
} from '../../../src/entity/index.ts';
import {
  describeRun,
  type FlowRunResult,
  getFlowRun,
  InvalidSignalError,
  listFlowRuns,
  signalFlow,
  startFlow,
} from '../../../src/flows/index.ts';
import { partsOf } from '../../../src/flows/definitions/reconciliation/chunks.ts';
import {
  reconciliation,
  reconciliationUnapproved,
} from '../../../src/flows/definitions/reconciliation/flow.ts';
import { createJob } from '../../../src/jobs/create-job.ts';
import { counters } from '../../../src/jobs/handlers/reconciliation/counters.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { createCommunity } from '../../workers/community.ts';
import { workOff } from './work.ts';

let database: TestDatabase;
let pager: Server;
const told: unknown[] = [];

beforeAll(async () => {
  pager = createServer((request, response) => {
    void json(request).then((body) => {
      told.push([request.headers['idempotency-key'], body]);
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(pager, 'listening');
  const { port } = pager.address() as AddressInfo;
  process.env.OUTGOING_ALLOW_PRIVATE = 'true';
  process.env.OPERATOR_WEBHOOK_URL = `http://127.0.0.1:${port}/`;
  database = await createTestDatabase();
});

afterAll(async () => {
  pager.close();
  await database.drop();
});

const runOf = async (id: string): Promise<FlowRunResult> => {
  const run = await getFlowRun(database.dataSource.manager, id);
  if (!run) throw new Error('expected the job to start a run');
  return run;
};

const reconciled = async (repair: boolean) => {
  const { dataSource: con } = database;
  const { manager } = con;
  const id = await createJob(
    'reconcile-counters',
    { payload: { counter: 'post-upvotes', repair } },
    { manager },
  );
  await workOff(con, 'reconciliation', 'flows');
  const [run] = await listFlowRuns(manager, { cause: id });
  return runOf(run?.id ?? '');
};

/** What an operator sends, checked as the page and the command check it. */
const answered = async (id: string, answer: unknown) => {
  const { dataSource: con } = database;
  await signalFlow(con.manager, id, 'approval', answer, {
    flow: reconciliation,
  });
  await workOff(con, 'reconciliation', 'flows');
  return runOf(id);
};

const wrongPosts = (): Promise<number> =>
  database.dataSource.getRepository(Post).countBy({ upvotes: 1 });

const approvalOf = async (id: string) =>
  (await describeRun(database.dataSource.manager, id))?.steps.find(
    ({ name }) => name === 'approval',
  );

test('the job starts a flow that compares parts of the table, reports, tells operators how to approve, and repairs what they approved', async () => {
  const { dataSource: con } = database;
  const { post } = await createCommunity(con);
  await con.query(
    `insert into post (id, source_id, author_id, title, content, upvotes)
     select gen_random_uuid(), $1, $2, 'Wrong', 'x', (n % 2) from generate_series(1, 2199) n`,
    [post.sourceId, post.authorId],
  );
  const found = await reconciled(false);
  expect(found).toMatchObject({
    flow: 'reconciliation',
    state: 'running',
    done: 5,
  });
  expect((await approvalOf(found.id))?.why).toMatch(
    /^waits for the signal approval until /,
  );
  const [{ parts } = { parts: 0 }] = await con.query<{ parts: number }[]>(
    `select count(*)::int as parts from flow_task where run_id = $1 and step = 'compare' and idx >= 0`,
    [found.id],
  );
  expect(parts).toBe(5);
  const report = () =>
    con.getRepository(ReconciliationReport).findOneByOrFail({ id: found.id });
  expect(await report()).toMatchObject({
    checked: '2200',
    differing: '1100',
    repaired: '0',
    finishedAt: expect.any(Date),
  });
  const differences = (row: Partial<ReconciliationDifference>) =>
    con
      .getRepository(ReconciliationDifference)
      .countBy({ reportId: found.id, ...row });
  expect(await differences({ repaired: false })).toBe(1_000);
  expect(told).toEqual([
    [
      `${found.id}:notify:0`,
      {
        text: expect.stringMatching(
          /^post-upvotes: 1100 of 2200 rows differ .* 0 were set right; report .* flows signal .* approval '\{"approved":true\}'/,
        ),
      },
    ],
  ]);

  await expect(answered(found.id, { approved: 'yes' })).rejects.toThrow(
    InvalidSignalError,
  );
  // A vote has set one right meanwhile.
  await con.query(
    `update post set upvotes = 0 where id = (select min(row_id::text)::uuid from reconciliation_difference)`,
  );
  expect(await answered(found.id, { approved: true })).toMatchObject({
    state: 'completed',
    output: { named: 1_000, repaired: 999, left: 100 },
  });
  expect(await wrongPosts()).toBe(100);
  expect(await report()).toMatchObject({ differing: '1100', repaired: '999' });
  expect(await differences({ repaired: true })).toBe(999);

  const repaired = await reconciled(true);
  expect(repaired).toMatchObject({ state: 'completed', output: null });
  expect(await wrongPosts()).toBe(0);
  expect(told).toHaveLength(1);
});

describe('what operators do not approve stays as it is', () => {
  beforeAll(() =>
    database.dataSource.query(
      'update post set upvotes = 1 where id = (select min(id::text)::uuid from post)',
    ),
  );
  afterEach(async () => expect(await wrongPosts()).toBe(1));

  test('when they refuse', async () => {
    const { id } = await reconciled(false);
    expect(await answered(id, { approved: false })).toMatchObject({
      state: 'completed',
      output: null,
    });
    expect((await approvalOf(id))?.state).toBe('completed');
  });

  test('when nobody answers in time', async () => {
    const { dataSource: con } = database;
    const { id } = await reconciled(false);
    // Seven days pass.
    await con.query(
      `update flow_task set due_at = due_at - interval '7 days' where run_id = $1`,
      [id],
    );
    await con.query(
      `update job set run_at = run_at - interval '7 days' where run_at > now()`,
    );
    await workOff(con, 'reconciliation', 'flows');
    expect(await runOf(id)).toMatchObject({ state: 'completed', output: null });
    expect((await approvalOf(id))?.state).toBe('skipped');
  });

  test('once the next night has its report, whose run alone waits then', async () => {
    const { manager } = database.dataSource;
    const before = await reconciled(false);
    const next = await reconciled(false);
    expect(await runOf(before.id)).toMatchObject({
      state: 'completed',
      output: null,
    });
    expect((await approvalOf(before.id))?.state).toBe('completed');
    const waiting = await listFlowRuns(manager, {
      flow: 'reconciliation',
      state: 'running',
    });
    expect(waiting.map(({ id }) => id)).toEqual([next.id]);
    await answered(next.id, { approved: false });
  });

  test('in a run that was begun before they could', async () => {
    const { dataSource: con } = database;
    const { id } = await startFlow(
      reconciliationUnapproved,
      { counter: 'post-upvotes', repair: false },
      { manager: con.manager },
    );
    await workOff(con, 'reconciliation', 'flows');
    expect(await runOf(id)).toMatchObject({
      version: 1,
      state: 'completed',
      output: { told: true },
    });
    expect(JSON.stringify(told.at(-1))).not.toContain('signal');
  });
});

test('a part begins behind the one before it, and the last one has no end', async () => {
  const parts = await partsOf(
    database.dataSource.manager,
    counters['post-upvotes'],
    100,
  );
  expect(parts).toHaveLength(22);
  expect(parts[0]?.after).toBe('00000000-0000-0000-0000-000000000000');
  expect(parts.at(-1)?.end).toBe('ffffffff-ffff-ffff-ffff-ffffffffffff');
  for (const [index, { after }] of parts.slice(1).entries())
    expect(after).toBe(parts[index]?.end);
});

test('an empty table is compared in one part', async () => {
  const { dataSource: con } = database;
  await con.query('delete from comment');
  expect(await partsOf(con.manager, counters['comment-upvotes'])).toHaveLength(
    1,
  );
});
