import { loadConfig } from '../../src/config.ts';
import type { Patient } from '../../src/doctor/check.ts';
import { causalityCheck } from '../../src/doctor/checks/causality.ts';
import { useTestDatabase } from '../helpers.ts';

const database = useTestDatabase();

const examine = (environment: NodeJS.ProcessEnv = {}) =>
  causalityCheck.run({
    config: loadConfig(environment),
    query: (text: string, values?: readonly unknown[]) =>
      database.con.query(text, values && [...values]),
  } as Patient);

beforeEach(() => database.con.query('truncate inbox, delivery'));

const handled = (ago: string) =>
  database.con.query(
    `insert into inbox values ('s', gen_random_uuid()::text, now() - $1::interval)`,
    [ago],
  );

const recorded = (ago: string) =>
  database.con.query(
    `insert into delivery (event_id, subscription, started_at, finished_at, published_at, topic, message_id, attempt,
       copies, outcome, share)
     values ('e', 's', now(), now() - $1::interval, now(), 't', 'm', 1, 1, 'ack', 1)`,
    [ago],
  );

const ok = [
  { level: 'ok', message: 'What was handled in the last day has its records.' },
];

test('nothing handled, and what was handled just now, has no need of records', async () => {
  expect(await examine()).toEqual(ok);
  await handled('1 minute');
  expect(await examine()).toEqual(ok);
});

test('messages that are handled without a record are told of', async () => {
  await handled('5 minutes');
  expect(await examine()).toMatchObject([
    {
      level: 'warning',
      message: 'Messages are handled, and no delivery is recorded.',
    },
  ]);
  await recorded('130 minutes');
  expect(await examine()).toMatchObject([
    {
      level: 'warning',
      message: expect.stringMatching(
        /not recorded any more: the newest record is 2 hours older/,
      ),
    },
  ]);
  await database.con.query('truncate delivery');
  await recorded('6 minutes');
  expect(await examine()).toEqual(ok);
});

test('a recording that is off is worth a note', async () => {
  expect(await examine({ CAUSALITY_RECORDING: 'false' })).toMatchObject([
    { level: 'note' },
  ]);
});
