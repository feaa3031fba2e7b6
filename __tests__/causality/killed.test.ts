import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { v7 as uuidv7 } from 'uuid';

import { CausalityRecorder } from '../../src/causality/recorder.ts';
import { traceCauses } from '../../src/causality/trace/trace.ts';
import { insertIntoOutbox } from '../../src/events/outbox.ts';
import { logger, servedWorker, Stage } from '../host/set-up.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

const topic = 'post-upvoted';
const worker = servedWorker({
  subscription: 'post-upvoted-rep',
  topic,
  run: async () => undefined,
});

let database: TestDatabase;
let stage: Stage;
let child: ChildProcess;
const handled = new Set<string>();

beforeAll(async () => {
  database = await createTestDatabase();
  stage = await Stage.open();
  await stage.subscription(worker);
  child = fork(
    fileURLToPath(new URL('recording-process.ts', import.meta.url)),
    [database.url, stage.server.address, worker.subscription, topic],
    { execArgv: ['--import', 'tsx'] },
  );
  child.on('message', (id: string) => handled.add(id));
});

afterAll(async () => {
  child.kill('SIGKILL');
  await stage.close();
  await database.drop();
});

const published: string[] = [];

const publish = async (count: number): Promise<void> => {
  for (let each = 0; each < count; each += 1) {
    const id = uuidv7();
    published.push(id);
    await insertIntoOutbox(database.dataSource.manager, {
      id,
      topic,
      payload: Buffer.from('{}'),
      orderingKey: undefined,
      traceparent: undefined,
      cause: undefined,
    });
    await stage.publish(topic, {}, { id });
  }
};

const recorded = async (): Promise<Set<string>> =>
  new Set(
    (
      await database.dataSource.query<{ id: string }[]>(
        'select event_id as id from delivery',
      )
    ).map(({ id }) => id),
  );

const told = async (id: string) => {
  const { nodes } = await traceCauses(database.dataSource, { id });
  return nodes.find(({ title }) => title === worker.subscription);
};

test('a process that is killed leaves out its last second alone, says nothing wrong, and others record on', async () => {
  while ((await recorded()).size === 0) {
    await publish(5);
    while (handled.size < published.length) await once(child, 'message');
  }
  await publish(50);
  while (handled.size < published.length - 25) await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');

  const before = await recorded();
  for (const id of before) expect(handled).toContain(id);
  const missing = published.filter((id) => !before.has(id));
  expect(missing.length).toBeGreaterThan(0);
  expect(await told([...before][0]!)).toMatchObject({
    state: 'handled',
    summary: 'delivered once, handled once',
  });
  expect(await told(missing[0]!)).toMatchObject({
    state: 'unrecorded',
    summary:
      'nothing is recorded: not delivered yet, or by a process that was killed within a second',
  });

  const recorder = new CausalityRecorder({ con: database.dataSource, logger });
  const { host, records } = stage.host(database.dataSource, [worker], {
    recorder,
  });
  await stage.expireLeases();
  await host.start();
  const last = await stage.publish(topic, {});
  await records.until((all) => all.some(({ eventId }) => eventId === last));
  await host.drain();
  await recorder.stop();
  const after = await recorded();
  for (const { eventId } of records.entries) expect(after).toContain(eventId);
  for (const id of before) expect(after).toContain(id);
}, 60_000);
