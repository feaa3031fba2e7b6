import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { pino } from 'pino';
import type { DataSource } from 'typeorm';

import { createDataSource } from '../../../src/data-source.ts';
import {
  type EndedRun,
  startQueueWorkers,
} from '../../../src/jobs/queue-workers/start.ts';
import { QueueWorkerAccessError } from '../../../src/jobs/queue-workers/errors.ts';
import {
  readQueueWorkers,
  syncWithPgCron,
} from '../../../src/jobs/queue-workers/rows.ts';
import type { Wait } from '../../../src/jobs/loop.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';

const logger = pino({ level: 'silent' });
const token = 'a-token-of-many-characters';

interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

let database: TestDatabase;
let con: DataSource;
let server: Server;
let base: string;
let received: Received[];
let answer: { status: number; headers?: Record<string, string> } | 'never';
let onReceived: () => void;

beforeEach(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
  received = [];
  answer = { status: 200 };
  onReceived = () => undefined;
  server = createServer((request, response) => {
    received.push({
      method: request.method,
      path: request.url,
      headers: request.headers,
    });
    onReceived();
    if (answer === 'never') return;
    response.writeHead(answer.status, answer.headers).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database.drop();
});

/** A process whose clock the test moves; every move lets it look once. */
const startProcess = (start: Date, own: DataSource = con) => {
  let now = start;
  let looked = Promise.withResolvers<number>();
  let go: (() => void) | undefined;
  const wait: Wait = (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      go = () => resolve(undefined);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      looked.resolve(milliseconds);
    });
  const ended: EndedRun[] = [];
  let onEnded = Promise.withResolvers<EndedRun>();
  const stop = startQueueWorkers(own, logger, {
    clock: () => now,
    wait,
    onEnded: (run) => {
      ended.push(run);
      onEnded.resolve(run);
      onEnded = Promise.withResolvers<EndedRun>();
    },
  });
  return {
    stop,
    ended,
    nextEnd: () => onEnded.promise,
    /** Resolves when a round is over, with how long the process wants to wait. */
    looked: () => looked.promise,
    moveTo: (time: Date): Promise<number> => {
      now = time;
      looked = Promise.withResolvers<number>();
      go?.();
      return looked.promise;
    },
  };
};

/** Times after the full minute that comes, whatever minute it is: what is created is created now. */
const minute = Math.ceil(Date.now() / 60_000 + 5) * 60_000;
const at = (seconds: number): Date => new Date(minute + seconds * 1000);

const createWorker = (name: string, schedule = '* * * * *', path = '/run') =>
  con.query('select create_queue_worker($1, $2, $3, $4)', [
    name,
    base + path,
    token,
    schedule,
  ]);

/** As if everything had been created just before the minute. */
const settle = () =>
  con.query('update queue_worker set handled_until = $1', [at(-30)]);

const runs = () =>
  con.query(
    'select worker, scheduler, tick, status, error from queue_worker_run order by id',
  );

test('posts with the token at its tick, once, and writes down the answer', async () => {
  await createWorker(
    'worker-default-1',
    '* * * * *',
    '/api/jobs/run?queue=default&status=pending',
  );
  await settle();
  const process = startProcess(at(-20));
  await expect(process.looked()).resolves.toBe(15_000);
  await expect(process.moveTo(at(-5))).resolves.toBe(5_000);
  expect(received).toEqual([]);
  const end = process.nextEnd();
  await process.moveTo(at(0));
  await expect(end).resolves.toEqual({
    worker: 'worker-default-1',
    tick: at(0),
    status: 200,
  });
  await process.moveTo(at(1));
  await process.moveTo(at(59));
  expect(received).toEqual([
    expect.objectContaining({
      method: 'POST',
      path: '/api/jobs/run?queue=default&status=pending',
      headers: expect.objectContaining({ authorization: `Bearer ${token}` }),
    }),
  ]);
  expect(await runs()).toEqual([
    {
      worker: 'worker-default-1',
      scheduler: 'ticker',
      tick: at(0),
      status: 200,
      error: null,
    },
  ]);
  await process.stop();
});

test('of several processes at one tick, one posts', async () => {
  for (const name of ['a', 'b', 'c']) await createWorker(name);
  await settle();
  const others = await Promise.all(
    Array.from({ length: 4 }, () =>
      createDataSource({ url: database.url, poolSize: 6 }).initialize(),
    ),
  );
  const processes = others.map((own) => startProcess(at(-20), own));
  await Promise.all(processes.map((process) => process.looked()));
  await Promise.all(processes.map((process) => process.moveTo(at(0))));
  await Promise.all(processes.map((process) => process.moveTo(at(30))));
  await Promise.all(processes.map((process) => process.stop()));
  const ticks = await con.query(
    'select worker, count(*)::int as runs from queue_worker_run group by worker order by worker',
  );
  expect(ticks).toEqual(['a', 'b', 'c'].map((worker) => ({ worker, runs: 1 })));
  await Promise.all(others.map((other) => other.destroy()));
});

test('a run that goes on keeps the next tick waiting, until its time limit', async () => {
  answer = 'never';
  await createWorker('slow');
  await con.query('update queue_worker set timeout_milliseconds = 900000');
  await settle();
  const process = startProcess(at(-20));
  await process.looked();
  const arrived = new Promise<void>((resolve) => (onReceived = resolve));
  await process.moveTo(at(0));
  await arrived;
  await process.moveTo(at(60));
  await process.moveTo(at(120));
  expect(received).toHaveLength(1);
  // The process that ran it is gone for good; another one takes over.
  await process.moveTo(at(900 + 11));
  expect(await runs()).toHaveLength(2);
  await process.stop();
});

test.each([
  ['an answer of 503', { status: 503 }, 503],
  [
    'a redirect, which might lead the token elsewhere',
    { status: 307, headers: { location: '/elsewhere' } },
    307,
  ],
])('%s is written down as a failure', async (_, given, status) => {
  answer = given;
  await createWorker('worker-failed-1');
  await settle();
  const process = startProcess(at(-20));
  await process.looked();
  const end = process.nextEnd();
  await process.moveTo(at(0));
  await expect(end).resolves.toMatchObject({
    status,
    error: `expected an answer of 200 to 299, got ${status}`,
  });
  expect(received).toHaveLength(1);
  await process.stop();
});

test('an endpoint that does not answer in time is given up', async () => {
  answer = 'never';
  await createWorker('silent');
  await con.query('update queue_worker set timeout_milliseconds = 100');
  await settle();
  const process = startProcess(at(-20));
  await process.looked();
  const end = process.nextEnd();
  await process.moveTo(at(0));
  await expect(end).resolves.toMatchObject({
    error: 'no answer within 100 ms',
  });
  await process.stop();
});

test('stopping aborts the run that goes on and writes that down', async () => {
  answer = 'never';
  await createWorker('slow');
  await settle();
  const process = startProcess(at(-20));
  await process.looked();
  const arrived = new Promise<void>((resolve) => (onReceived = resolve));
  await process.moveTo(at(0));
  await arrived;
  await process.stop();
  expect(await runs()).toMatchObject([
    { worker: 'slow', status: null, error: expect.stringMatching(/aborted/) },
  ]);
});

test('runs a command of cron.schedule as the role that scheduled it', async () => {
  await con.query('create table mark (who text)');
  await con.query('create role scheduling_role');
  try {
    await con.query('grant insert on mark to scheduling_role');
    await con.query(
      `select cron.schedule('mark', '5 seconds', 'insert into mark values (current_user); set search_path = nowhere')`,
    );
    await con.query(`update queue_worker set username = 'scheduling_role'`);
    await settle();
    const process = startProcess(at(-29));
    await process.looked();
    for (const seconds of [-25, -20]) {
      const end = process.nextEnd();
      await process.moveTo(at(seconds));
      await expect(end).resolves.not.toHaveProperty('error');
    }
    await process.stop();
    await expect(con.query('select who from mark')).resolves.toEqual([
      { who: 'scheduling_role' },
      { who: 'scheduling_role' },
    ]);
  } finally {
    await con.query('drop owned by scheduling_role');
    await con.query('drop role scheduling_role');
  }
});

test('a command that fails is written down and holds up nobody', async () => {
  await con.query(`select cron.schedule('bad', '* * * * *', 'select 1/0')`);
  await createWorker('good');
  await settle();
  const process = startProcess(at(-20));
  await process.looked();
  await process.moveTo(at(0));
  await process.stop();
  expect(await runs()).toContainEqual(
    expect.objectContaining({ worker: 'bad', error: 'division by zero' }),
  );
  expect(await runs()).toContainEqual(
    expect.objectContaining({ worker: 'good' }),
  );
});

test('stopping cancels a command that takes long', async () => {
  await con.query(
    `select cron.schedule('long', '* * * * *', 'select pg_sleep(600)')`,
  );
  await settle();
  const process = startProcess(at(-20));
  await process.looked();
  await process.moveTo(at(0));
  await process.stop();
  expect(await runs()).toMatchObject([
    { worker: 'long', error: expect.any(String) },
  ]);
});

test('a tick of long ago is not made up for, the next one comes', async () => {
  await createWorker('worker-default-1');
  await con.query('update queue_worker set handled_until = $1', [at(-86_400)]);
  await con.query(
    `update queue_worker set schedule = '0 0 1 1 *' where url is null`,
  );
  await con.query(
    `update queue_worker set schedule = '*/30 * * * *' where url is not null`,
  );
  const now = new Date(Math.ceil(minute / 1_800_000) * 1_800_000 + 600_000);
  const process = startProcess(now);
  await process.looked();
  expect(received).toEqual([]);
  const end = process.nextEnd();
  await process.moveTo(new Date(now.getTime() + 1_200_000));
  await expect(end).resolves.toMatchObject({ status: 200 });
  await process.stop();
});

test('a schedule that only pg_cron could refuse does not hold up the others', async () => {
  await con.query(
    `insert into queue_worker (name, schedule, command) values ('wrong', '99 * * * *', 'select 1')`,
  );
  await createWorker('good');
  await settle();
  const process = startProcess(at(-20));
  await process.looked();
  const end = process.nextEnd();
  await process.moveTo(at(0));
  await expect(end).resolves.toMatchObject({ worker: 'good', status: 200 });
  await process.stop();
});

test('a process of a role without rights says which role it wants', async () => {
  await con.query('create role outsider login');
  try {
    const url = new URL(database.url);
    url.username = 'outsider';
    const own = await createDataSource({ url: url.href }).initialize();
    try {
      await expect(syncWithPgCron(own)).rejects.toThrow(QueueWorkerAccessError);
      await expect(readQueueWorkers(own)).rejects.toThrow(
        'expected DATABASE_URL to name the role that ran the migrations',
      );
    } finally {
      await own.destroy();
    }
  } finally {
    await con.query('drop role outsider');
  }
});
