import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import {
  Post,
  ReconciliationDifference,
  ReconciliationReport,
} from '../../../src/entity/index.ts';
import { getFlowRun, listFlowRuns } from '../../../src/flows/index.ts';
import { partsOf } from '../../../src/flows/definitions/reconciliation/chunks.ts';
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

const reconciled = async (repair: boolean) => {
  const { dataSource: con } = database;
  const { manager } = con;
  const id = await createJob(
    'reconcile-counters',
    { payload: { counter: 'post-upvotes', repair } },
    { manager },
  );
  await workOff(con, 'reconciliation');
  const [run] = await listFlowRuns(manager, { cause: id });
  const result = await getFlowRun(manager, run?.id ?? '');
  if (!result) throw new Error('expected the job to start a run');
  return result;
};

test('the job starts a flow that compares parts of the table, reports, and tells operators of what is left', async () => {
  const { dataSource: con } = database;
  const { post } = await createCommunity(con);
  await con.query(
    `insert into post (id, source_id, author_id, title, content, upvotes)
     select gen_random_uuid(), $1, $2, 'Wrong', 'x', (n % 2) from generate_series(1, 1199) n`,
    [post.sourceId, post.authorId],
  );
  const found = await reconciled(false);
  expect(found).toMatchObject({
    flow: 'reconciliation',
    state: 'completed',
    done: 5,
    output: { told: true },
  });
  const [{ parts } = { parts: 0 }] = await con.query<{ parts: number }[]>(
    `select count(*)::int as parts from flow_task where run_id = $1 and step = 'compare' and idx >= 0`,
    [found.id],
  );
  expect(parts).toBe(3);
  expect(
    await con
      .getRepository(ReconciliationReport)
      .findOneByOrFail({ id: found.id }),
  ).toMatchObject({
    checked: '1200',
    differing: '600',
    repaired: '0',
    finishedAt: expect.any(Date),
  });
  expect(
    await con
      .getRepository(ReconciliationDifference)
      .countBy({ reportId: found.id }),
  ).toBe(600);
  expect(told).toEqual([
    [
      `${found.id}:notify:0`,
      {
        text: expect.stringMatching(
          /^post-upvotes: 600 of 1200 rows differ .* 0 were set right; report /,
        ),
      },
    ],
  ]);

  const repaired = await reconciled(true);
  expect(repaired).toMatchObject({ state: 'completed', output: null });
  expect(await con.getRepository(Post).countBy({ upvotes: 1 })).toBe(0);
  expect(told).toHaveLength(1);
});

test('a part begins behind the one before it, and the last one has no end', async () => {
  const parts = await partsOf(
    database.dataSource.manager,
    counters['post-upvotes'],
    100,
  );
  expect(parts).toHaveLength(12);
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
