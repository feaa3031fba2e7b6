import { pino } from 'pino';

import { CausalityRecorder } from '../../src/causality/recorder.ts';
import { traceText } from '../../src/causality/trace/text.ts';
import { type Trace, traceCauses } from '../../src/causality/trace/trace.ts';
import { createStreamer, type Streamer } from '../../src/cdc/streamer.ts';
import { mainWorkers } from '../../src/commands/background.ts';
import { triggerTypedEvent } from '../../src/common/typedPubsub.ts';
import { closeConnection } from '../../src/db.ts';
import { PostVote } from '../../src/entity/index.ts';
import { workRegistry } from '../../src/flows/definitions/index.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import type { HandledRecord } from '../../src/host/handling.ts';
import { type JobService, startJobs } from '../../src/jobs/service.ts';
import { provision } from '../../src/provision/broker.ts';
import { openWard, type Ward } from '../doctor/set-up.ts';
import { Log } from '../host/set-up.ts';
import { until } from '../until.ts';
import { createCommunity } from '../workers/community.ts';

const logger = pino({ level: 'silent' });

let ward: Ward;
let streamer: Streamer;
let recorder: CausalityRecorder;
let host: Host;
let jobs: JobService;
const records = new Log<HandledRecord>();

beforeAll(async () => {
  ward = await openWard();
  // Handlers that create jobs or runs outside of a transaction take the pool of the process.
  process.env['DATABASE_URL'] = ward.database.url;
  await ward.publish();
  await ward.createSlot();
  await provision(ward.pubsub, { createForeignTopics: true });
  const con = ward.database.dataSource;
  recorder = new CausalityRecorder({ con, logger });
  streamer = createStreamer({
    databaseUrl: ward.database.url,
    pubsub: { projectId: 'test', emulatorHost: ward.server.address },
    slot: ward.slot,
    logger,
  });
  await streamer.start();
  host = createHost({
    workers: mainWorkers(),
    dataSource: con,
    logger,
    projectId: 'test',
    emulatorHost: ward.server.address,
    recorder,
    signals: { onRecord: records.add },
  });
  await host.start();
  jobs = await startJobs({
    con,
    url: ward.database.url,
    registry: workRegistry,
    logger,
    schedules: false,
  });
});

afterAll(async () => {
  await Promise.all([host?.drain(), jobs?.drain()]);
  await recorder?.stop();
  await streamer?.stop();
  await closeConnection();
  await ward?.close();
});

const handledBy = (subscription: string, count = 1) =>
  records.until(
    (entries) =>
      entries.filter((entry) => entry.subscription === subscription).length >=
      count,
  );

const traced = async (
  sought: Parameters<typeof traceCauses>[1],
): Promise<Trace> => {
  await recorder.flush();
  return traceCauses(ward.database.dataSource, sought);
};

const titles = ({ nodes }: Trace): string[] =>
  nodes.map(({ kind, title }) => `${kind} ${title}`);

/** The nodes from one back to its beginning. */
const pathTo = ({ nodes }: Trace, id: string | undefined): string[] => {
  const node = nodes.find((each) => each.id === id);
  return node ? [...pathTo({ nodes } as Trace, node.parent), node.kind] : [];
};

test('a vote is followed from its row to reputation and notification, mail and push, and back', async () => {
  const con = ward.database.dataSource;
  const { author, reader, post } = await createCommunity(con);
  const eventId = await con.transaction(async (manager) => {
    await manager.getRepository(PostVote).insert({
      postId: post.id,
      userId: reader.id,
      vote: 1,
      votedAt: new Date(),
    });
    await manager.query('update post set upvotes = 1 where id = $1', [post.id]);
    return triggerTypedEvent(
      logger,
      'post-upvoted',
      { postId: post.id, userId: reader.id },
      { manager },
    );
  });
  await handledBy('api.new-notification-mail');
  await handledBy('api.new-notification-push');
  await handledBy('post-upvoted-rep');
  // Published again, as a streamer does that was killed before it had confirmed.
  for (let again = 0; again < 3; again += 1)
    await ward.pubsub.topic('post-upvoted').publishMessage({
      json: { postId: post.id, userId: reader.id },
      attributes: { id: eventId, eventType: 'post-upvoted' },
    });
  await handledBy('post-upvoted-rep', 4);

  const key = `${post.id},${reader.id}`;
  const forward = await traced({ table: 'post_vote', key });
  const rep = forward.nodes.find(
    ({ title, kind }) => kind === 'delivery' && title === 'post-upvoted-rep',
  );
  expect(rep).toMatchObject({
    key: `${eventId}/post-upvoted-rep`,
    summary: 'delivered 4 times, effected once (3 duplicates)',
  });
  expect(rep?.attempts?.map(({ why }) => why)).toEqual([
    'first',
    'published again',
    'published again',
    'published again',
  ]);
  expect(titles(forward)).toEqual(
    expect.arrayContaining([
      `row-change post_vote ${key}`,
      'event post-upvoted',
      `row-change user ${author.id}`,
      'notification article_upvote_milestone',
      'delivery api.new-notification-mail',
      'message mail',
      'message push',
    ]),
  );
  const mail = forward.nodes.find(({ title }) => title === 'mail')!;
  expect(pathTo(forward, mail.id)).toEqual([
    'commit',
    'event',
    'delivery',
    'notification',
    'row-change',
    'delivery',
    'event',
    'delivery',
    'message',
  ]);
  for (const { gap } of forward.nodes.slice(1))
    expect(gap).toBeGreaterThanOrEqual(0);

  const backward = await traced({ id: mail.key });
  expect(pathTo(backward, mail.id)).toEqual(pathTo(forward, mail.id));
  expect(titles(backward)).toContain(`row-change post_vote ${key}`);
});

test('a new post is followed to the run of its flow and its steps, and back from there', async () => {
  const con = ward.database.dataSource;
  const { post } = await createCommunity(con);
  await handledBy('api.post-publication', 2);
  const ofRow = () => traced({ table: 'post', key: post.id });
  let forward = await ofRow();
  // The flow sleeps for a day then.
  await until(async () => {
    forward = await ofRow();
    return titles(forward).includes('job warm-trending-posts');
  });
  expect(titles(forward)).toEqual(
    expect.arrayContaining(['run publication', 'step first-day']),
  );
  const job = forward.nodes.find(({ kind }) => kind === 'job')!;
  const path = [
    'commit',
    'row-change',
    'delivery',
    'event',
    'delivery',
    'run',
    'step',
    'job',
  ];
  expect(pathTo(forward, job.id)).toEqual(path);
  const back = await traced({ id: job.key });
  expect(pathTo(back, job.id)).toEqual(path);
  expect(traceText(back)).toMatch(
    new RegExp(
      `row-change post ${post.id} · inserted · LSN [0-9A-F]+/[0-9A-F]+`,
    ),
  );
});
