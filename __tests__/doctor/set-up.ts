import type { PubSub } from '@google-cloud/pubsub';

import {
  createPublicationSql,
  dropPublicationSql,
} from '../../src/cdc/publication.ts';
import { capturedTables } from '../../src/cdc/tables.ts';
import { checks } from '../../src/doctor/checks/index.ts';
import {
  type Diagnosis,
  examine,
  type ExamineOptions,
} from '../../src/doctor/examine.ts';
import { createPublisherClient } from '../../src/host/clients.ts';
import {
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';
import { ControlledClock } from '../pubsub-server/controlled-clock.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';

/** A database and a broker of one test, and the doctor who looks at them. */
export interface Ward {
  readonly database: TestDatabase;
  readonly server: PubSubServer;
  readonly pubsub: PubSub;
  readonly clock: ControlledClock;
  /** Of this file alone: slots belong to the server. */
  readonly slot: string;
  run(...statements: string[]): Promise<void>;
  /** Publishes the captured tables. */
  publish(): Promise<void>;
  createSlot(plugin?: string): Promise<void>;
  /** @param check its name, or `all` */
  findings(
    check: string,
    options?: Partial<ExamineOptions> & {
      readonly changed?: NodeJS.ProcessEnv;
    },
  ): Promise<Diagnosis[]>;
  close(): Promise<void>;
}

let wards = 0;

export const openWard = async (): Promise<Ward> => {
  const database = await createTestDatabase();
  const clock = new ControlledClock();
  const server = await startPubSub({ clock });
  const pubsub = createPublisherClient({
    projectId: 'test',
    emulatorHost: server.address,
  });
  wards += 1;
  const slot = `ward_${process.pid}_${wards}`;
  const environment = {
    DATABASE_URL: database.url,
    PUBSUB_EMULATOR_HOST: server.address,
    PUBSUB_PROJECT_ID: 'test',
  };
  const run = async (...statements: string[]): Promise<void> => {
    for (const statement of statements)
      await database.dataSource.query(statement);
  };
  return {
    database,
    server,
    pubsub,
    clock,
    slot,
    run,
    publish: () =>
      run(
        dropPublicationSql(),
        ...createPublicationSql(capturedTables, { serverVersion: 180_000 }),
      ),
    createSlot: async (plugin = 'pgoutput') => {
      await database.dataSource.query(
        'select pg_create_logical_replication_slot($1, $2)',
        [slot, plugin],
      );
    },
    findings: async (check, { changed, ...options } = {}) =>
      (
        await examine({
          environment: { ...environment, ...changed },
          slot,
          checks: checks.filter(
            ({ name }) => check === 'all' || name === check,
          ),
          ...options,
        })
      ).filter((finding) => check === 'all' || finding.check === check),
    close: async () => {
      await pubsub.close();
      await server.stop();
      const slots = 'pg_replication_slots where database = current_database()';
      await run(
        // Waits until the reader has let go of the slot.
        `select pg_terminate_backend(active_pid, 10000) from ${slots} and active`,
        `select pg_drop_replication_slot(slot_name) from ${slots}`,
      );
      await database.drop();
    },
  };
};
