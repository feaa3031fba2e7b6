import { pino } from 'pino';
import { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';

import { createHealthServer } from '../../src/api/health-server.ts';
import type { Readiness } from '../../src/api/health/routes.ts';
import { createStreamer } from '../../src/cdc/streamer.ts';
import { startReplication } from '../../src/cdc/protocol/connection.ts';
import { publicationName } from '../../src/cdc/tables.ts';
import { mainWorkers } from '../../src/commands/background.ts';
import { deployment } from '../../src/commands/doctor.ts';
import { checks } from '../../src/doctor/checks/index.ts';
import { replicationReachCheck } from '../../src/doctor/checks/replication-reach.ts';
import { Inbox, Outbox } from '../../src/entity/index.ts';
import { createHost } from '../../src/host/host.ts';
import type { ServedWorker } from '../../src/host/served-worker.ts';
import { freePort } from '../../src/local/ports.ts';
import { provision } from '../../src/provision/broker.ts';
import { prune } from '../../src/retention/prune.ts';
import { personalizedDigestWorkers } from '../../src/workers/index.ts';
import { servedWorkers } from '../../src/workers/serve.ts';
import { openWard, type Ward } from './set-up.ts';

let ward: Ward;

beforeEach(async () => {
  ward = await openWard();
});

afterEach(() => ward.close());

const logger = pino({ level: 'silent' });

const minute = 60_000;
const day = 24 * 60 * minute;

/** An event whose transaction began some time ago. */
const writeEvent = async (age: number) => {
  const id = uuidv7();
  await ward.database.dataSource.getRepository(Outbox).insert({
    id,
    topic: 'user-created',
    orderingKey: id,
    type: 'user-created',
    payload: Buffer.from('{}'),
    createdAt: new Date(Date.now() - age),
  });
};

const stream = async () => {
  const waiting = Promise.withResolvers<string>();
  const streamer = createStreamer({
    databaseUrl: ward.database.url,
    pubsub: { projectId: 'test', emulatorHost: ward.server.address },
    slot: ward.slot,
    logger,
    signals: { onWaiting: waiting.resolve },
  });
  await streamer.start();
  return { streamer, waiting: waiting.promise };
};

describe('outbox replication', () => {
  const name = 'outbox replication';

  beforeEach(async () => {
    await ward.publish();
    await ward.createSlot();
  });

  it('finds events that nobody publishes, until the streamer has reached them', async () => {
    await provision(ward.pubsub, { createForeignTopics: true });
    await writeEvent(5 * minute);
    expect(await ward.findings(name, { waitSeconds: 0 })).toMatchObject([
      {
        level: 'broken',
        message: expect.stringMatching(
          /^Nobody publishes the outbox, .*: up to 1 event of the outbox, the oldest 5 minutes old, wait\.$/,
        ),
        remedy: expect.stringContaining('start the streamer'),
      },
    ]);
    const { streamer } = await stream();
    try {
      expect(await ward.findings(name, { waitSeconds: 30 })).toMatchObject([
        { level: 'ok' },
      ]);
    } finally {
      await streamer.stop();
    }
  });

  it('finds a streamer that is held up, until what holds it is mended', async () => {
    await writeEvent(5 * minute);
    const { streamer, waiting } = await stream();
    try {
      // The broker has no topics yet.
      await waiting;
      expect(await ward.findings(name, { waitSeconds: 0.2 })).toMatchObject([
        {
          level: 'warning',
          message: expect.stringMatching(
            /^Replication has not reached position .* may not be published\.$/,
          ),
          remedy: expect.stringContaining('--wait 60'),
        },
      ]);
      expect(
        await ward.findings(name, {
          waitSeconds: 0.2,
          checks: [replicationReachCheck(0.2)],
        }),
      ).toMatchObject([
        {
          level: 'broken',
          remedy: expect.stringContaining('nightshift provision'),
        },
      ]);
      await provision(ward.pubsub, { createForeignTopics: true });
      expect(await ward.findings(name, { waitSeconds: 30 })).toMatchObject([
        { level: 'ok' },
      ]);
    } finally {
      await streamer.stop();
    }
  });

  it('does not take a quiet database for one whose replication stands', async () => {
    const { streamer } = await stream();
    try {
      await ward.run('create table elsewhere (id int)');
      expect(await ward.findings(name, { waitSeconds: 30 })).toMatchObject([
        { level: 'ok' },
      ]);
      expect(await ward.findings(name, { waitSeconds: 30 })).toMatchObject([
        { level: 'ok' },
      ]);
    } finally {
      await streamer.stop();
    }
  });

  it('lets young events wait for a reader that confirms nothing', async () => {
    await writeEvent(0);
    const reader = await startReplication({
      databaseUrl: ward.database.url,
      slot: ward.slot,
      publication: publicationName,
      onMessage: () => undefined,
    });
    try {
      expect(await ward.findings(name, { waitSeconds: 0.2 })).toMatchObject([
        { level: 'note', message: expect.stringContaining('no event older') },
      ]);
    } finally {
      await reader.end();
    }
  });
});

const answering = async (
  ready: () => Promise<Readiness>,
): Promise<{ address: string; close: () => Promise<void> }> => {
  const server = createHealthServer({
    ready,
    registry: new Registry(),
    logger,
  });
  return {
    address: await server.listen({ host: '127.0.0.1', port: 0 }),
    close: () => server.close(),
  };
};

const host = async (workers: readonly ServedWorker[]) => {
  const started = createHost({
    workers,
    dataSource: ward.database.dataSource,
    logger,
    projectId: 'test',
    emulatorHost: ward.server.address,
  });
  await started.start();
  return started;
};

describe('streams', () => {
  it('names subscriptions that nobody receives from, until somebody does', async () => {
    await provision(ward.pubsub, { createForeignTopics: true });
    const asked = () => ward.findings('streams', { deployment: deployment() });
    expect(await asked()).toMatchObject([
      {
        level: 'warning',
        message: expect.stringMatching(
          /^nightshift background does not run, so there are \d+ subscriptions without a live stream/,
        ),
        remedy: expect.stringContaining('nightshift background'),
      },
      {
        level: 'warning',
        message: expect.stringContaining(
          'nightshift personalized-digest does not run, so there is 1 subscription without a live stream',
        ),
      },
    ]);
    await ward.pubsub.topic('user-created').publishMessage({ json: {} });
    expect(await asked()).toMatchObject([
      { level: 'broken', message: expect.stringContaining('(1 waiting)') },
      { level: 'warning' },
    ]);
    // Without its last subscription, whose stream is missing.
    const [missing, ...served] = mainWorkers();
    const digests = servedWorkers(personalizedDigestWorkers);
    const first = await host([...served, ...digests]);
    try {
      expect(await asked()).toMatchObject([
        {
          level: 'broken',
          message: expect.stringContaining(
            `There is 1 subscription without a live stream, whose messages nobody receives (0 waiting): ${missing!.subscription}.`,
          ),
          remedy: expect.stringContaining('nightshift background runs'),
        },
      ]);
      const second = await host([missing!]);
      try {
        expect(await asked()).toMatchObject([{ level: 'ok' }]);
      } finally {
        await second.drain();
      }
    } finally {
      await first.drain();
    }
  });

  it('asks the processes it is told of', async () => {
    await provision(ward.pubsub, { createForeignTopics: true });
    let readiness: Readiness = {
      ok: false,
      checks: { database: 'ok', 'api-cdc': 'reopening: it was deleted' },
    };
    const { address, close } = await answering(async () => readiness);
    const asked = async (): Promise<unknown> =>
      (await ward.findings('streams', { healthUrls: [address] })).at(-1);
    try {
      expect(await asked()).toMatchObject({
        level: 'broken',
        message: `The process at ${address} is not ready (api-cdc: reopening: it was deleted).`,
      });
      readiness = { ok: true, checks: { database: 'ok' } };
      expect(await asked()).toMatchObject({ level: 'ok' });
    } finally {
      await close();
    }
    expect(await asked()).toMatchObject({
      level: 'broken',
      message: expect.stringContaining('does not answer'),
    });
  });

  it('says that it cannot know of a broker that does not tell', async () => {
    const { address, close } = await answering(async () => ({
      ok: true,
      checks: {},
    }));
    const port = new URL(address).port;
    // Answers HTTP, but has no statistics.
    const changed = { PUBSUB_EMULATOR_HOST: `127.0.0.1:${port}` };
    try {
      expect(
        await ward.findings('streams', {
          changed: { ...changed, HEALTH_PORT: port },
        }),
      ).toMatchObject([{ level: 'ok' }]);
      expect(
        await ward.findings('streams', {
          changed: { ...changed, HEALTH_PORT: String(await freePort()) },
        }),
      ).toMatchObject([
        { level: 'note', message: expect.stringContaining('Not known') },
      ]);
    } finally {
      await close();
    }
  });
});

describe('replica identity', () => {
  it('names the captured table whose changes lack the row before', async () => {
    const name = 'replica identity';
    await ward.run('alter table post replica identity default');
    expect(await ward.findings(name)).toMatchObject([
      {
        level: 'broken',
        message: expect.stringContaining(
          'Captured table post has replica identity default, not full',
        ),
      },
    ]);
    await ward.run('alter table post replica identity full');
    expect(await ward.findings(name)).toMatchObject([{ level: 'ok' }]);
  });

  it('names an outbox that Postgres refuses to prune', async () => {
    const name = 'replica identity';
    await ward.run('alter table outbox replica identity nothing');
    expect(await ward.findings(name)).toMatchObject([
      {
        level: 'broken',
        message: expect.stringContaining('cannot be pruned'),
      },
    ]);
    await ward.run('alter table outbox replica identity default');
    expect(await ward.findings(name)).toMatchObject([{ level: 'ok' }]);
  });
});

describe('inbox', () => {
  it('notices rows that should have been pruned, until they are', async () => {
    const options = { deployment: deployment() };
    const age = options.deployment.retention.find(
      ({ table }) => table === 'inbox',
    )!.age;
    await ward.database.dataSource.getRepository(Inbox).insert([
      {
        subscription: 'post-upvoted-rep',
        eventId: 'old',
        receivedAt: new Date(Date.now() - age - 2 * day),
      },
      { subscription: 'post-upvoted-rep', eventId: 'new' },
    ]);
    expect(await ward.findings('inbox', options)).toMatchObject([
      {
        level: 'warning',
        message: expect.stringMatching(
          /^Table inbox holds 1 row that should have been pruned after \d+ days; the oldest is \d+ days old\.$/,
        ),
        remedy: expect.stringContaining('nightshift prune'),
      },
    ]);
    await prune(ward.database.dataSource);
    expect(await ward.findings('inbox', options)).toMatchObject([
      { level: 'ok' },
    ]);
  });
});

describe('connections', () => {
  it('counts the transactional handlers of a process against its pool', async () => {
    const options = { deployment: deployment() };
    expect(
      await ward.findings('connections', {
        ...options,
        changed: { DATABASE_POOL_SIZE: '2' },
      }),
    ).toMatchObject([
      {
        level: 'warning',
        message: expect.stringMatching(
          /^nightshift background may run \d+ transactional handlers at once on 2 connections/,
        ),
        remedy: expect.stringContaining('DATABASE_POOL_SIZE'),
      },
    ]);
    expect(
      await ward.findings('connections', {
        ...options,
        changed: { DATABASE_POOL_SIZE: '500' },
      }),
    ).toMatchObject([{ level: 'ok' }]);
  });
});

describe('everything', () => {
  it('is in order in a system that runs', async () => {
    await provision(ward.pubsub, { createForeignTopics: true });
    await ward.publish();
    await ward.createSlot();
    const { streamer } = await stream();
    const served = await host([
      ...mainWorkers(),
      ...servedWorkers(personalizedDigestWorkers),
    ]);
    try {
      const findings = await ward.findings('all', {
        deployment: deployment(),
        waitSeconds: 30,
        changed: { DATABASE_POOL_SIZE: '500' },
      });
      expect(
        findings.filter(({ level }) => level !== 'ok' && level !== 'note'),
      ).toEqual([]);
      expect(new Set(findings.map(({ check }) => check)).size).toBe(
        checks.length + 1,
      );
    } finally {
      await served.drain();
      await streamer.stop();
    }
  });
});
