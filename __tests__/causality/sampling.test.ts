import { pino } from 'pino';
import { v7 as uuidv7 } from 'uuid';

import { CausalityRecorder } from '../../src/causality/recorder.ts';
import { sentenceOf } from '../../src/causality/trace/sentence.ts';
import { traceCauses } from '../../src/causality/trace/trace.ts';
import { insertIntoOutbox } from '../../src/events/outbox.ts';
import { useTestDatabase } from '../helpers.ts';

const database = useTestDatabase();

const event = async (): Promise<string> => {
  const id = uuidv7();
  await insertIntoOutbox(database.con.manager, {
    id,
    topic: 'post-upvoted',
    payload: Buffer.from('{}'),
    orderingKey: undefined,
    traceparent: undefined,
    cause: undefined,
  });
  return id;
};

const toldOf = async (id: string): Promise<Record<string, string>> => {
  const { nodes } = await traceCauses(database.con, { id });
  return Object.fromEntries(
    nodes
      .filter(({ kind }) => kind === 'delivery')
      .map(({ title, summary = '' }) => [title, summary]),
  );
};

test('an event without a record is said to be one of many, or not delivered, or not known', async () => {
  const recorder = new CausalityRecorder({
    con: database.con,
    logger: pino({ level: 'silent' }),
    maxRate: 20,
  });
  const deliveries = recorder.of({
    subscription: 'post-upvoted-rep',
    topic: 'post-upvoted',
  });
  const now = Date.now();
  for (let each = 0; each < 1_000; each += 1) {
    const eventId = uuidv7();
    if (!deliveries.wants(eventId, true)) continue;
    deliveries.record({
      eventId,
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
      change: undefined,
    });
  }
  await recorder.stop();
  const told = await toldOf(await event());
  expect(told).toEqual({
    'post-upvoted-rep': expect.stringMatching(
      /^nothing is recorded: of the successes then 1 in \d+ was$/,
    ),
    'api.article-upvote-milestone-notification':
      'nothing is recorded: not delivered yet, or its process records nothing',
  });
  await database.con.query('update delivery set share = 1');
  expect(await toldOf(await event())).toMatchObject({
    'post-upvoted-rep':
      'nothing is recorded: not delivered yet, or by a process that was killed within a second',
  });
});

test('what the inbox has was effected, recorded or not', async () => {
  const id = await event();
  await database.con.query(
    `insert into inbox (subscription, event_id) values ('post-upvoted-rep', $1)`,
    [id],
  );
  expect(await toldOf(id)).toMatchObject({
    'post-upvoted-rep': 'effected once; its attempts were not recorded',
  });
});

test('a failed attempt alone is not handled yet', () => {
  const attempt = {
    startedAt: new Date(),
    finishedAt: new Date(),
    waited: 0,
    outcome: 'nack',
    error: 'handler: Error',
    number: 1,
    copies: 1,
    why: 'first' as const,
  };
  expect(
    sentenceOf({
      attempts: [attempt],
      deliveries: 1,
      effected: false,
      isDeadLetter: false,
    }),
  ).toBe('delivered once, not handled yet (1 failed)');
});
