import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { until } from '../until.ts';
import {
  deadLetters,
  deliveryFailures,
  Log,
  servedWorker,
  Stage,
} from './set-up.ts';

interface Line {
  readonly step: 'started' | 'run' | 'record' | 'drained';
  readonly key?: string;
  readonly name?: string;
  readonly eventId?: string;
  readonly outcome?: string;
  readonly failures?: number;
}

const FOLLOWERS = 100;
let database: TestDatabase;
let stage: Stage;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  stage = await Stage.open();
  await stage.client.createTopic('net');
  await stage.client.createSubscription('net', 'net');
  await stage.subscription(declared, {
    deadLetterPolicy: {
      deadLetterTopic: 'projects/host-tests/topics/net',
      maxDeliveryAttempts: 20,
    },
  });
});
afterEach(async () => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  await stage.close();
  for (const table of ['dead_letter', 'delivery_failure'])
    await database.dataSource.query(`delete from ${table}`);
});
afterAll(() => database.drop());

const declared = servedWorker({
  subscription: 'ordered',
  topic: 'ordered',
  ordered: true,
  run: async () => undefined,
});

/** Starts a host as a process; `lines` grows over all processes of a test. */
const startProcess = (
  lines: Log<Line>,
  backoffSeconds: number,
): ChildProcess => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx/esm', '__tests__/host/fixture/ordered-host.ts'],
    {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        DATABASE_URL: database.url,
        PUBSUB_EMULATOR_HOST: stage.server.address,
        BACKOFF_SECONDS: String(backoffSeconds),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.add(JSON.parse(line) as Line);
  });
  return child;
};

const publishPoisonAndFollowers = async (): Promise<string> => {
  const poison = stage.publish(
    'ordered',
    { name: 'poison' },
    { orderingKey: 'post/1' },
  );
  const others = Array.from({ length: FOLLOWERS }, (_, index) =>
    stage.publish(
      'ordered',
      { name: `follower-${index}` },
      { orderingKey: 'post/1' },
    ),
  );
  const elsewhere = stage.publish(
    'ordered',
    { name: 'elsewhere' },
    { orderingKey: 'post/2' },
  );
  await Promise.all([...others, elsewhere]);
  return poison;
};

const poisonFailures = (lines: readonly Line[], poison: string) =>
  lines.filter(({ step, eventId }) => step === 'record' && eventId === poison);

const followersDone = (lines: readonly Line[]) =>
  new Set(
    lines
      .filter(({ step, name }) => step === 'run' && name?.startsWith('follow'))
      .map(({ name }) => name),
  ).size === FOLLOWERS;

/** What must hold however often processes stopped in between. */
const expectOrder = async (lines: readonly Line[], poison: string) => {
  const buried = lines.findIndex(
    ({ eventId, outcome }) => eventId === poison && outcome === 'dead-letter',
  );
  const runs = lines
    .map((line, index) => ({ ...line, index }))
    .filter(({ step, key }) => step === 'run' && key === 'post/1');
  const early = runs.filter(
    ({ name, index }) => name !== 'poison' && index < buried,
  );
  expect(buried).toBeGreaterThan(0);
  expect(early).toEqual([]);
  const first = [...new Set(runs.map(({ name }) => name))];
  expect(first).toEqual([
    'poison',
    ...Array.from({ length: FOLLOWERS }, (_, index) => `follower-${index}`),
  ]);
  expect(await deadLetters(database.dataSource, 'ordered')).toMatchObject([
    { identity: poison, attempts: 5, error: 'Error: poison' },
  ]);
  expect(await deliveryFailures(database.dataSource, 'ordered')).toEqual([]);
  await until(() => stage.backlog('ordered') === 0);
  expect(stage.backlog('net')).toBe(0);
};

test('a poison head ends at the desk, and none of its 100 followers runs early', async () => {
  const lines = new Log<Line>();
  startProcess(lines, 0.05);
  const poison = await publishPoisonAndFollowers();
  await lines.until(followersDone);
  await expectOrder(lines.entries, poison);
  expect(
    lines.entries.filter(({ step, name }) => step === 'run' && name).length,
  ).toBe(5 + FOLLOWERS + 1);
});

test('SIGTERM between the failures of a poison head lets no follower run early', async () => {
  const lines = new Log<Line>();
  const first = startProcess(lines, 1);
  const poison = await publishPoisonAndFollowers();
  await lines.until((all) => poisonFailures(all, poison).length >= 2);
  first.kill('SIGTERM');
  const [code] = (await once(first, 'exit')) as [number | null];
  expect(code).toBe(0);
  // What was still on its way to it was never seen by it.
  await stage.expireLeases();
  startProcess(lines, 0.05);
  await lines.until(followersDone);
  await expectOrder(lines.entries, poison);
  expect(poisonFailures(lines.entries, poison)).toMatchObject(
    [1, 2, 3, 4, 5].map((failures) => ({ failures })),
  );
});

test('kill -9 between the failures of a poison head lets no follower run early', async () => {
  const lines = new Log<Line>();
  const first = startProcess(lines, 1);
  const poison = await publishPoisonAndFollowers();
  await lines.until((all) => poisonFailures(all, poison).length >= 2);
  first.kill('SIGKILL');
  await once(first, 'exit');
  await stage.expireLeases();
  startProcess(lines, 0.05);
  await lines.until(followersDone);
  await expectOrder(lines.entries, poison);
});
