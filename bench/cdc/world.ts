import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { PubSub } from '@google-cloud/pubsub';
import pg from 'pg';

import { handOver } from '../../debezium/readiness.ts';
import { heartbeatTopic, slotName } from '../../src/cdc/tables.ts';
import { freePort } from '../../src/local/ports.ts';
import { startPostgres } from '../../src/local/postgres.ts';
import { migrate } from '../../src/schema/migrate.ts';

export const projectId = 'bench';
export const changesTopic = 'api.changes';
export const eventsTopic = 'bench-events';

/** A migrated database and a broker, which every contender is given in its turn. */
export interface World {
  readonly databaseUrl: string;
  readonly pubsubAddress: string;
  readonly pubsub: PubSub;
  readonly sql: pg.Client;
  readonly brokerPid: number;
  /** Of the process of Postgres that feeds whoever reads the slot. */
  senderPid(): Promise<number>;
  /** For logs; removed at the end. */
  readonly directory: string;
  /** Messages that the broker has taken so far. */
  published(): Promise<number>;
  /** Waits until the broker has taken so many. @throws after `limitSeconds`, or when whoever streams has ended. */
  untilPublished(
    count: number,
    limitSeconds: number,
    streaming: { readonly ended: Promise<unknown> },
  ): Promise<void>;
  /** Has the slot pass over all that waits in it, once nobody reads it. */
  passOver(): Promise<void>;
  end(): Promise<void>;
}

/** How often the broker is asked how much it has, in milliseconds. */
const look = 10;

const startBroker = async (): Promise<[ChildProcess, string]> => {
  const child = fork(new URL('./broker.ts', import.meta.url), {
    execArgv: ['--max-semi-space-size=64', '--import', 'tsx'],
  });
  const [{ address }] = (await once(child, 'message')) as [{ address: string }];
  return [child, address];
};

export const beginWorld = async (): Promise<World> => {
  process.env['METADATA_SERVER_DETECTION'] ??= 'none';
  const directory = await mkdtemp(join(tmpdir(), 'nightshift-bench-cdc-'));
  // Postgres may run as another account.
  await chmod(directory, 0o755);
  const postgres = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePort(),
    // Durability costs both the same and is not what is measured.
    settings: ['fsync=off', 'max_wal_size=8GB'],
  });
  const databaseUrl = `postgres://postgres@127.0.0.1:${postgres.port}/bench`;
  await migrate({ url: databaseUrl, createDatabase: true });
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  const [broker, pubsubAddress] = await startBroker();
  const pubsub = new PubSub({
    projectId,
    apiEndpoint: pubsubAddress,
    emulatorMode: true,
  });
  for (const topic of [changesTopic, eventsTopic, heartbeatTopic])
    await pubsub.createTopic(topic);
  const published = async (): Promise<number> => {
    broker.send('how many');
    const [answer] = (await once(broker, 'message')) as [{ published: number }];
    return answer.published;
  };
  return {
    databaseUrl,
    pubsubAddress,
    pubsub,
    sql,
    brokerPid: broker.pid!,
    senderPid: async () => {
      const { rows } = await sql.query<{ pid: number }>(
        'select active_pid as pid from pg_replication_slots where slot_name = $1 and active',
        [slotName],
      );
      if (!rows[0]) throw new Error('expected somebody to read the slot');
      return rows[0].pid;
    },
    directory,
    published,
    passOver: async () => {
      await handOver(databaseUrl);
      await sql.query(
        'select pg_replication_slot_advance($1, pg_current_wal_lsn())',
        [slotName],
      );
    },
    untilPublished: async (count, limitSeconds, { ended }) => {
      let hasEnded = false;
      void ended.then(() => (hasEnded = true));
      const end = performance.now() + limitSeconds * 1_000;
      for (;;) {
        const now = await published();
        if (now >= count) return;
        if (hasEnded || performance.now() > end)
          throw new Error(
            `expected ${count} messages within ${limitSeconds} s, got ${now}` +
              (hasEnded ? ' when it ended by itself' : ''),
          );
        await delay(look);
      }
    },
    end: async () => {
      await pubsub.close();
      await sql.end();
      if (broker.connected) {
        const gone = once(broker, 'exit');
        broker.disconnect();
        await gone;
      }
      await postgres.stop();
      for (const path of [directory, postgres.directory])
        await rm(path, { recursive: true, force: true });
    },
  };
};
