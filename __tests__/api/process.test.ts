import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { Outbox, PostVote } from '../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { until } from '../until.ts';
import { apiSecret, gateway, savePost } from './api.ts';

interface ApiProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** Resolves with the line of the log that has the text, also one that was before. */
  logged(text: string): Promise<string>;
}

const program = `
  import { apiCommand } from './src/commands/api.ts';
  await apiCommand().parseAsync(['--host', '127.0.0.1', '--port', '0'], { from: 'user' });`;

const startProcess = async (databaseUrl: string): Promise<ApiProcess> => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx/esm', '--input-type=module', '--eval', program],
    {
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        DATABASE_URL: databaseUrl,
        API_SECRET: apiSecret,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lines: string[] = [];
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const waiting = new Map<string, (line: string) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const [text, resolve] of waiting)
      if (line.includes(text)) resolve(line);
  });
  const logged = async (text: string): Promise<string> => {
    const before = lines.find((line) => line.includes(text));
    if (before !== undefined) return before;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    waiting.set(text, resolve);
    child.once('close', (code) =>
      reject(new Error(`exited with ${code}: ${complaint}`)),
    );
    return promise;
  };
  const line = await logged('the API listens at');
  return { child, logged, url: /http:\/\/[\w.:]+/.exec(line)?.[0] ?? '' };
};

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database.drop());

const upvote = (url: string, postId: string, userId: string) =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      ...gateway,
      'content-type': 'application/json',
      'x-user-id': userId,
    },
    body: JSON.stringify({
      query: `mutation { votePost(id: "${postId}", vote: UP) { upvotes } }`,
    }),
  });

/** Asks until a statement gives a row: Postgres has no signal for what it counts. */
const untilFound = (statement: string): Promise<void> =>
  until(
    async () =>
      (await database.dataSource.query<unknown[]>(statement)).length > 0,
  );

const waitingForLock = `
  select from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and application_name = 'nightshift'`;

test('SIGTERM finishes what runs, accepts nothing new, and exits with 0', async () => {
  const { post, reader } = await savePost(database.dataSource);
  const api = await startProcess(database.url);
  const exited = once(api.child, 'exit');
  const lock = database.dataSource.createQueryRunner();
  await lock.startTransaction();
  await lock.query('select from post for update');
  const answer = upvote(api.url, post.id, reader.id);
  await untilFound(waitingForLock);
  api.child.kill('SIGTERM');
  await api.logged('draining');
  await expect(fetch(`${api.url}/health/live`)).rejects.toThrow();
  await lock.commitTransaction();
  await lock.release();
  const response = await answer;
  expect(await response.json()).toEqual({ data: { votePost: { upvotes: 1 } } });
  expect(await exited).toEqual([0, null]);
});

test('kill -9 between the vote and its event leaves neither', async () => {
  const { post, reader } = await savePost(database.dataSource);
  const api = await startProcess(database.url);
  const exited = once(api.child, 'exit');
  const lock = database.dataSource.createQueryRunner();
  await lock.startTransaction();
  await lock.query('lock table outbox');
  const answer = upvote(api.url, post.id, reader.id).catch(() => 'no answer');
  await untilFound(waitingForLock);
  api.child.kill('SIGKILL');
  await exited;
  await expect(answer).resolves.toBe('no answer');
  await lock.commitTransaction();
  await lock.release();
  await untilFound(`
    select where not exists (
      select from pg_stat_activity a join pg_locks l on l.pid = a.pid
      where a.datname = current_database() and a.pid <> pg_backend_pid()
        and l.relation = 'outbox'::regclass)`);
  await expect(
    database.dataSource.getRepository(PostVote).count(),
  ).resolves.toBe(0);
  await expect(database.dataSource.getRepository(Outbox).count()).resolves.toBe(
    0,
  );
});

test('a process on a database without the schema exits and says what to run', async () => {
  await database.dataSource.query(`delete from migration`);
  await expect(startProcess(database.url)).rejects.toThrow(
    /^exited with 1: .*\d+ migrations are pending .*; run: nightshift migrate/s,
  );
});
