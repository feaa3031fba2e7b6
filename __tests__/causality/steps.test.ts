import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';

import { CausalityRecorder } from '../../src/causality/recorder.ts';
import { type Trace, traceCauses } from '../../src/causality/trace/trace.ts';
import { Flow, startFlow } from '../../src/flows/index.ts';
import { storeNotification } from '../../src/notifications/store.ts';
import { flowing, type Flowing } from '../flows/flowing.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { createUser } from '../workers/community.ts';

let database: TestDatabase;
let running: Flowing;
/** The transaction in which the step changed its row. */
let transaction: number;

const child = new Flow<{ user: string }>('telling').step(
  'tell',
  {},
  ({ input, con }) =>
    con.transaction((manager) =>
      storeNotification(
        manager,
        {
          type: 'told',
          referenceId: 'one',
          uniqueKey: 'one',
          title: 'Told',
          body: null,
          targetUrl: '/',
        },
        [input.user],
      ),
    ),
);

const flow = new Flow<{ user: string }>('renaming')
  .step('rename', { transactional: true }, async ({ input, manager }) => {
    await manager.query(`update "user" set name = 'Renamed' where id = $1`, [
      input.user,
    ]);
    const [row] = await manager.query<{ id: string }[]>(
      `select (pg_current_xact_id()::text::bigint % (2::bigint ^ 32)::bigint)::text as id`,
    );
    transaction = Number(row!.id);
    return input.user;
  })
  .child('tell', child, {
    dependsOn: ['rename'],
    input: ({ outputs }) => ({ user: outputs.rename }),
  });

beforeAll(async () => {
  database = await createTestDatabase();
  running = flowing(database.dataSource, database.url, [flow, child]);
  await running.dispatcher.start();
});

afterAll(async () => {
  await running.dispatcher.drain();
  await database.drop();
});

const pathTo = ({ nodes }: Trace, id: string | undefined): string[] => {
  const node = nodes.find((each) => each.id === id);
  return node
    ? [
        ...pathTo({ nodes } as Trace, node.parent),
        `${node.kind} ${node.title.split(' ')[0]!}`,
      ]
    : [];
};

test('a step leads to the row that it changed and to what its child told, and both lead back to it', async () => {
  const con = database.dataSource;
  const { manager } = con;
  const { id: user } = await createUser(con);
  const { id: run } = await startFlow(flow, { user }, { manager });
  expect(await running.ended(run)).toBe('completed');

  // As the host would have recorded it.
  const recorder = new CausalityRecorder({
    con,
    logger: pino({ level: 'silent' }),
  });
  const change = uuidv7();
  const now = Date.now();
  recorder.of({ subscription: 'api-cdc', topic: 'api.changes' }).record({
    eventId: change,
    messageId: '1',
    publishedAt: now,
    receivedAt: now,
    startedAt: now,
    finishedAt: now,
    attempt: 1,
    copies: 1,
    outcome: 'ack',
    failure: undefined,
    error: undefined,
    cause: undefined,
    change: {
      table: 'user',
      key: user,
      op: 'u',
      lsn: 7,
      transactionId: transaction,
      committedAt: now,
      decodedAt: now,
    },
  });
  await recorder.stop();

  const toRow = ['run renaming', 'step rename', 'row-change user'];
  const toTold = [
    'run renaming',
    'step tell',
    'run telling',
    'step tell',
    'notification told',
  ];
  const forward = await traceCauses(con, { id: run });
  expect(pathTo(forward, `row-change:${change}`)).toEqual(toRow);
  const told = forward.nodes.find(({ kind }) => kind === 'notification');
  expect(pathTo(forward, told?.id)).toEqual(toTold);

  const ofRow = await traceCauses(con, { table: 'user', key: user });
  expect(pathTo(ofRow, `row-change:${change}`)).toEqual(toRow);
  const ofTold = await traceCauses(con, { id: told!.key });
  expect(pathTo(ofTold, told?.id)).toEqual(toTold);
});

test('more than can be shown is cut, and said to be', async () => {
  const { manager } = database.dataSource;
  const cause = uuidv7();
  await manager.query(
    `insert into outbox (id, topic, ordering_key, type, payload, cause)
     select gen_random_uuid(), 'user-updated', 'k', 'user-updated', '', $1 from generate_series(1, 700)`,
    [cause],
  );
  const { nodes, truncated } = await traceCauses(database.dataSource, {
    id: cause,
  });
  expect(truncated).toBe(true);
  expect(nodes.length).toBeLessThanOrEqual(500);
});
