import { z } from 'zod';

import { deadLettersCommand } from '../../src/commands/dead-letters.ts';
import { flowsCommand } from '../../src/commands/flows.ts';
import { AuditLog } from '../../src/entity/index.ts';
import { Flow, startFlow } from '../../src/flows/index.ts';
import { flowing, type Flowing } from '../flows/flowing.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { runCommand } from './run-command.ts';

let database: TestDatabase;
let running: Flowing;
let isBroken = true;

const approval = new Flow('approval')
  .step('load', {}, () => 'loaded')
  .waitFor('approved', {
    dependsOn: ['load'],
    payload: z.object({ by: z.string() }).nullable(),
  })
  .map(
    'each',
    { dependsOn: ['load'], items: () => [1, 2, 3] },
    ({ item }) => item,
  )
  .step('publish', { dependsOn: ['approved', 'each'], attempts: 1 }, () => {
    if (isBroken) throw new Error('the press is broken');
    return 'published';
  });

beforeAll(async () => {
  database = await createTestDatabase();
  process.env.DATABASE_URL = database.url;
  process.env.LOG_LEVEL = 'silent';
  running = flowing(database.dataSource, database.url, [approval]);
  await running.dispatcher.start();
});

afterAll(async () => {
  await running.dispatcher.drain();
  await database.drop();
});

const flows = (...args: readonly string[]) =>
  runCommand(flowsCommand([approval]), ...args);

const stepsThatWait = async (run: string) =>
  (
    await database.dataSource.query<{ step: string }[]>(
      `select step from flow_task where run_id = $1 and state not in ('completed', 'skipped') order by step`,
      [run],
    )
  ).map(({ step }) => step);

/** A run of which all is done but what waits for the signal. */
const waitingRun = async (): Promise<string> => {
  const { id } = await startFlow(approval, null, {
    manager: database.dataSource.manager,
    cause: 'a request',
  });
  await running.until(async () => {
    const [row] = await database.dataSource.query<{ ended: number }[]>(
      `select count(*)::int as ended from flow_task
       where run_id = $1 and (step = 'each' and idx >= 0 and state = 'completed' or step = 'approved' and state = 'waiting')`,
      [id],
    );
    return row?.ended === 4;
  });
  return id;
};

test('a run is listed, shown with why it waits, and drawn', async () => {
  const id = await waitingRun();
  const { output } = await flows('list', '--state', 'running');
  expect(output).toMatch(/^RUN +FLOW +STATE +STEPS/);
  expect(output).toMatch(new RegExp(`${id} +approval@1 +running +2/4`));
  expect(
    JSON.parse((await flows('list', '--cause', 'a request', '--json')).output),
  ).toMatchObject({ runs: [{ id, state: 'running' }] });
  expect((await flows('list', '--flow', 'other')).output).toBe('no runs match');

  const shown = (await flows('show', id)).output;
  expect(shown).toMatch(/progress +50 %, 2 of 4 steps/);
  expect(shown).toMatch(
    /approved +wait +waiting .* waits for the signal approved/,
  );
  expect(shown).toMatch(/publish +task +pending .* waits for approved/);
  expect(shown).toMatch(/run started/);

  expect((await flows('graph', id)).output).toBe(
    [
      'approval, version 1: running',
      '●    load      completed  task',
      '├─◷  approved  waiting    wait',
      '● │  each      completed  map, 3 of 3',
      '○─╯  publish   pending    task',
    ].join('\n'),
  );
  const svg = (await flows('graph', id, '--svg')).output;
  expect(svg).toMatch(/^<svg xmlns/);
  expect(svg.match(/<rect x=/g)).toHaveLength(4);
  expect(svg.match(/marker-end/g)).toHaveLength(4);
  expect(svg).toContain('<title>approved: waiting · wait</title>');
  await flows('cancel', id);
});

test('pause, resume, signal and retry steer a run; the desk redrives what failed', async () => {
  const id = await waitingRun();
  expect((await flows('pause', id)).output).toBe(`${id} is paused`);
  await flows('signal', id, 'approved', '{"by":"ada"}', '--key', 'once');
  expect(
    (await flows('signal', id, 'approved', '--key', 'once')).output,
  ).toMatch(/sent before/);
  expect((await flows('signal', id, 'approved')).error?.message).toMatch(
    /another signal was sent before/,
  );
  expect(await stepsThatWait(id)).toEqual(['approved']);
  expect((await flows('signal', id, 'load')).error?.message).toMatch(
    /expected the name of a step that waits: approved/,
  );
  isBroken = true;
  await flows('resume', id);
  expect(await running.ended(id)).toBe('failed');
  expect((await flows('show', id)).output).toMatch(
    /publish +task +failed .*the press is broken/,
  );

  isBroken = false;
  const redriven = await runCommand(
    deadLettersCommand(),
    'redrive',
    '--source',
    'flow',
    '--reason',
    'mended',
  );
  expect(redriven.output).toMatch(/^1 redriven, 0 failed, 0 skipped, 0 left/);
  expect(await running.ended(id)).toBe('completed');
  expect(
    await database.dataSource.query(
      `select state, redrives, state_reason as reason from dead_letter where event_id = $1`,
      [id],
    ),
  ).toEqual([{ state: 'redriven', redrives: 1, reason: 'mended' }]);

  expect((await flows('retry', id)).error?.message).toMatch(
    /to be failed or cancelled, but it is completed/,
  );
  await flows('retry', id, '--from', 'publish', '--actor', 'ada');
  expect(await running.ended(id)).toBe('completed');
  const actions = await database.dataSource
    .getRepository(AuditLog)
    .find({ order: { id: 'ASC' } });
  expect(
    actions
      .filter(({ filter }) => filter.run === id)
      .map(({ action }) => action),
  ).toEqual([
    'flows.pause',
    'flows.signal',
    'flows.resume',
    'flows.retry',
    'flows.retry',
  ]);
});

test('a redrive leaves the entry of a run that goes on already', async () => {
  isBroken = true;
  const id = await waitingRun();
  await flows('signal', id, 'approved');
  expect(await running.ended(id)).toBe('failed');
  await database.dataSource.query(
    `update flow_run set state = 'completed' where id = $1`,
    [id],
  );
  const { output, exitCode } = await runCommand(
    deadLettersCommand(),
    'redrive',
    '--source',
    'flow',
  );
  expect(output).toMatch(/0 redriven, 0 failed, 1 skipped/);
  expect(output).toMatch(/skipped: not failed/);
  expect(exitCode).toBe(2);
});

test('errors say what was expected', async () => {
  const gone = '01941f29-7c00-7e5f-9885-ffac2c6b8425';
  expect((await flows('show', gone)).error?.message).toMatch(
    /expected the id of a flow's run/,
  );
  expect((await flows('cancel', 'x')).error?.message).toMatch(
    /expected the id of a run; nightshift flows list/,
  );
  expect((await flows('start', 'no-such-flow')).error?.message).toMatch(
    /expected the name of a registered flow/,
  );
  expect((await flows('start', 'no-such-flow', '{')).error?.message).toMatch(
    /expected the name of a registered flow/,
  );
  expect((await flows('list', '--limit', '0')).error?.message).toMatch(
    /whole number from 1 to 1000/,
  );
  const id = await waitingRun();
  expect((await flows('signal', id, 'load')).error?.message).toMatch(
    /expected the name of a step that waits: approved/,
  );
  expect((await flows('signal', id, 'approved', '{')).error?.message).toMatch(
    /expected JSON/,
  );
  expect(
    (await flows('signal', id, 'approved', '{"by":7}')).error?.message,
  ).toMatch(/"approved" to the run .*: by: .*string/);
  expect(
    (await runCommand(flowsCommand([]), 'signal', id, 'approved')).error
      ?.message,
  ).toMatch(/expected the flow approval, version 1, to be known here/);
  await flows('cancel', id, '--reason', 'enough');
  expect((await flows('signal', id, 'approved')).error?.message).toMatch(
    /to be running or paused, but it is cancelled/,
  );
  expect((await flows('cancel', id)).error?.message).toMatch(
    /to be running or paused, but it is cancelled/,
  );
});
