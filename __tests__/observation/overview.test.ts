import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { createOverviewReader } from '../../src/observation/overview.ts';
import { pauseQueue } from '../../src/jobs/operate/pause.ts';
import { sparing } from '../../src/observation/sparing.ts';
import { useTestDatabase } from '../helpers.ts';
import { startServer, stopAll } from '../pubsub-server/set-up.ts';

const database = useTestDatabase();
afterEach(stopAll);

const look = (emulatorHost?: string) =>
  createOverviewReader({
    con: database.con,
    emulatorHost,
    haltingQueues: [],
  })();

test('what is not all right is said in sentences, the worst first', async () => {
  const { server, client } = await startServer();
  const [topic] = await client.createTopic('one');
  await topic.createSubscription('unheard');
  await topic.publishMessage({ data: Buffer.from('waiting') });
  await pauseQueue(database.con.manager, 'sync', { actor: 'ana' });
  await writeDeadLetter(database.con.manager, {
    source: 'pubsub',
    subscription: 'observed',
    topic: 'topic',
    identity: '1',
    payload: Buffer.from('{}'),
    attributes: {},
    error: new Error('no space left'),
    attempts: 1,
  });
  const { troubles, subscriptions, deadLetters } = await look(server.address);
  const sentences = troubles.map(({ sentence }) => sentence);
  expect(sentences).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^No background process tells of itself/),
      expect.stringMatching(/^There is no replication slot/),
      expect.stringMatching(/^Nobody receives 1 message of unheard/),
      'The queue sync is paused by ana.',
      '1 dead letter waits at the desk, all for one reason.',
    ]),
  );
  const levels = troubles.map(({ level }) => level);
  expect(levels).toEqual([...levels].sort());
  expect(subscriptions).toMatchObject([{ name: 'unheard', backlog: 1 }]);
  expect(deadLetters).toMatchObject({
    open: 1,
    groups: [{ error: expect.stringContaining('no space left') }],
  });
});

test('where the broker does not tell of backlogs, nothing is made up', async () => {
  expect(await look()).toMatchObject({
    subscriptions: undefined,
    subscriptionsUnknown: expect.stringContaining('Cloud Monitoring'),
  });
});

test('a dear look is spared until it has cost a fiftieth of the time', async () => {
  const clock = { now: 0 };
  let looks = 0;
  const look = sparing(
    async () => {
      clock.now += 100;
      return ++looks;
    },
    () => clock.now,
  );
  expect([await look(), await look()]).toEqual([1, 1]);
  clock.now += 4_999;
  expect(await look()).toBe(1);
  clock.now += 1;
  expect(await look()).toBe(2);
});
