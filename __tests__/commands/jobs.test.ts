import { randomUUID } from 'node:crypto';

import { jobsCommand } from '../../src/commands/jobs.ts';
import { AuditLog } from '../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { runCommand } from './run-command.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  process.env.DATABASE_URL = database.url;
  process.env.LOG_LEVEL = 'silent';
});

afterAll(() => database.drop());

const jobs = (...args: readonly string[]) => runCommand(jobsCommand(), ...args);

const payload = () => JSON.stringify({ connectionId: randomUUID() });

const create = async (...options: readonly string[]) => {
  const { output } = await jobs(
    'create',
    'sync-connection',
    payload(),
    '--json',
    ...options,
  );
  return JSON.parse(output) as { id: string; created: boolean };
};

test('creates a job with its options, once a key, and the audit log says who', async () => {
  const options = ['--idempotency-key', 'once', '--actor', 'sam'];
  const job = await create(
    ...options,
    ...['--run-at', '2126-12-24T18:00:00+01:00', '--attempts', '7'],
    ...['--priority', 'HIGH', '--tenant', 'acme', '--tier', 'enterprise'],
  );
  expect(job.created).toBe(true);
  expect(await create(...options)).toEqual({ id: job.id, created: false });
  const { output } = await jobs('show', job.id, '--json');
  expect(JSON.parse(output)).toMatchObject({
    id: job.id,
    name: 'sync-connection',
    state: 'scheduled',
    priority: 30,
    tenant: 'acme',
    attempts: 7,
    runAt: '2126-12-24T17:00:00.000Z',
    history: [],
  });
  expect(
    await database.dataSource
      .getRepository(AuditLog)
      .findBy({ action: 'jobs.create' }),
  ).toEqual([
    expect.objectContaining({
      actor: 'sam',
      filter: { name: 'sync-connection', job: job.id },
    }),
  ]);
});

test('refuses what the declaration refuses, names what may have been meant, and writes nothing', async () => {
  const { error: invalid } = await jobs('create', 'sync-connection', '{}');
  expect(invalid?.message).toContain('payload.connectionId');
  const { error: unknown } = await jobs('create', 'sync-conection', payload());
  expect(unknown?.message).toContain('sync-connection');
  const { error: time } = await jobs(
    'create',
    'sync-connection',
    payload(),
    '--run-at',
    'tomorrow',
  );
  expect(time?.message).toContain('run_at');
  const { error: tier } = await jobs(
    'create',
    'sync-connection',
    payload(),
    '--tier',
    'free',
  );
  expect(tier?.message).toContain('--tenant');
  const { output } = await jobs('list', '--name', 'sync-connection', '--json');
  expect(JSON.parse(output)).toEqual({ jobs: [] });
});

test('lists jobs page by page, the newest first', async () => {
  const ids = [];
  for (let nth = 0; nth < 3; nth += 1) ids.unshift((await create()).id);
  const list = (...options: readonly string[]) =>
    jobs('list', '--name', 'sync-connection', '--limit', '2', ...options);
  const first = await list();
  expect(first.output).toContain(`--after ${ids[1]}`);
  const { output } = await list('--after', ids[1]!, '--json');
  expect(JSON.parse(output)).toMatchObject({ jobs: [{ id: ids[2] }] });
  const { output: shown } = await jobs('show', ids[2]!);
  expect(shown).toMatch(/^state +pending$/m);
  const { output: none } = await jobs('list', '--state', 'running');
  expect(none).toBe('no jobs are running');
  const { error } = await jobs('show', randomUUID());
  expect(error?.name).toBe('UnknownJobIdError');
});
