import { createDataSource } from '../../src/data-source.ts';
import {
  readReplication,
  type ReplicationOverview,
  ReplicationTimes,
} from '../../src/observation/replication.ts';
import {
  createCaptureDatabase,
  infrastructureSql,
  startBroker,
  streamerOn,
} from '../cdc/set-up.ts';
import { until } from '../e2e/nightshift.ts';

const tables = [{ table: 'item', topic: 'changes' }];

/** More log than a station may have waiting before it counts as holding up the others. */
const much = 1_500_000;

const named = (overview: ReplicationOverview, name: string) =>
  overview.stations.find((station) => station.name === name)!;

test('a broker that is silent is named as what holds up the changes, and no longer when it has them', async () => {
  const database = await createCaptureDatabase(
    [
      'create table item (id int8 primary key, value text not null)',
      ...infrastructureSql,
    ],
    tables,
  );
  const broker = await startBroker();
  const con = await createDataSource({ url: database.url }).initialize();
  const times = new ReplicationTimes();
  const backlog = {
    name: 'slow',
    topic: 'changes',
    backlog: 3,
    outstanding: 0,
    oldestUnackedSeconds: 90,
    deliveryAttemptsMax: 1,
    deadLettered: 0,
    openStreams: 1,
    waitingPulls: 0,
  };
  const look = (backlogs: (typeof backlog)[] = []) =>
    con.transaction((manager) =>
      readReplication(manager, backlogs, times, database.slot),
    );
  expect(await look()).toMatchObject({
    active: false,
    bottleneck: 'decode',
    sentence: expect.stringContaining('Nobody reads the replication slot'),
  });
  const streamer = streamerOn(database, broker.address, tables);
  try {
    await broker.pubsub.createTopic('changes');
    await streamer.start();
    await until(async () => (await look()).bottleneck === null);
    const { port } = new URL(`http://${broker.server.address}`);
    await broker.server.stop();
    for (let id = 0; id < 3; id++)
      await database.client.query(
        `insert into item select $1, string_agg(gen_random_uuid()::text, '') from generate_series(1, $2::int)`,
        [id, Math.ceil(much / 3 / 36)],
      );
    // The streamer tells Postgres how far it has read, though nothing of it is confirmed.
    let held = await look();
    await until(async () => {
      held = await look();
      return held.bottleneck === 'ack' && named(held, 'ack').waiting > much / 2;
    });
    expect(held.sentence).toContain('The broker holds up the others');
    expect(named(held, 'slot').waiting).toBeGreaterThan(much / 2);
    expect(named(held, 'slot').seconds).toBeGreaterThan(0);
    // Other databases write to the same log meanwhile.
    expect(named(held, 'decode').waiting).toBeLessThan(much / 2);

    await broker.restart(Number(port));
    await broker.pubsub.createTopic('changes');
    await until(async () => (await look()).bottleneck === null);
    expect(await look([backlog])).toMatchObject({
      bottleneck: 'effect',
      sentence: expect.stringContaining('the oldest for 90 s at slow'),
    });
  } finally {
    await streamer.stop();
    await con.destroy();
    await broker.stop();
    await database.drop();
  }
});
