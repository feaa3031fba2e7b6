import type { DataSource, EntityManager } from 'typeorm';

import { readGroups } from '../dead-letters/groups.ts';
import { flowDepths } from '../flows/read/depth.ts';
import { completedLately } from '../jobs/operate/completed-lately.ts';
import { queueStatistics } from '../jobs/operate/statistics.ts';
import { blockedLanes, stuckJobs } from '../jobs/operate/trouble.ts';
import { NoStatisticsError, readStatistics } from '../provision/statistics.ts';
import { readProcesses } from './processes/read.ts';
import { readReplication, ReplicationTimes } from './replication.ts';
import { sparing } from './sparing.ts';
import { type Looked, type Trouble, troublesOf } from './troubles.ts';
import { listPauses } from '../subscriptions/pauses.ts';

/** Milliseconds after which a query of an overview is given up. */
const statementTimeout = 2_000;
/** Groups of dead letters shown. */
const shownGroups = 10;

/** Whether everything is all right, and if not, where. */
export interface Overview extends Looked {
  readonly at: Date;
  readonly troubles: readonly Trouble[];
}

export interface OverviewOptions {
  readonly con: DataSource;
  /** `host:port` of a local broker; `undefined` is Google's service, which does not tell. */
  readonly emulatorHost: string | undefined;
  /** Strict queues that a failed head halts. */
  readonly haltingQueues: readonly string[];
}

const withinTime = <Result>(
  con: DataSource,
  read: (manager: EntityManager) => Promise<Result>,
): Promise<Result> =>
  con.transaction(async (manager) => {
    await manager.query(`select set_config('statement_timeout', $1, true)`, [
      String(statementTimeout),
    ]);
    return read(manager);
  });

const readSubscriptions = async (emulatorHost: string | undefined) => {
  try {
    return {
      subscriptions: await readStatistics(emulatorHost),
      subscriptionsUnknown: undefined,
    };
  } catch (error) {
    return {
      subscriptions: undefined,
      subscriptionsUnknown:
        error instanceof NoStatisticsError && emulatorHost === undefined
          ? "Google's service does not tell of its backlogs here; Cloud Monitoring shows them."
          : `The broker does not answer: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
};

/**
 * Makes what looks at everything once. Every statement has two seconds; counting is bounded by what is open, not by
 * what is archived, and dead letters are counted as they come.
 *
 * @throws (the reader) whatever Postgres says.
 */
export const createOverviewReader = (
  options: OverviewOptions,
): (() => Promise<Overview>) => {
  const { con } = options;
  const open = { state: 'open' } as const;
  const deadLetters = sparing(async () => {
    const { entries, groups } = await readGroups(con, open, shownGroups);
    return { open: entries, groups };
  });
  const times = new ReplicationTimes();
  return () => readOverview(options, deadLetters, times);
};

const readOverview = async (
  { con, emulatorHost, haltingQueues }: OverviewOptions,
  readDeadLetters: () => Promise<Overview['deadLetters']>,
  times: ReplicationTimes,
): Promise<Overview> => {
  const broker = readSubscriptions(emulatorHost);
  const [
    processes,
    flows,
    pauses,
    jobs,
    deadLetters,
    { subscriptions, subscriptionsUnknown },
  ] = await Promise.all([
    withinTime(con, readProcesses),
    withinTime(con, flowDepths),
    withinTime(con, listPauses),
    withinTime(con, async (manager) => ({
      queues: await queueStatistics(manager, undefined, completedLately),
      blocked: await blockedLanes(manager, haltingQueues),
      stuck: await stuckJobs(manager),
    })),
    readDeadLetters(),
    broker,
  ]);
  const replication = await withinTime(con, (manager) =>
    readReplication(manager, subscriptions, times),
  );
  const found = {
    ...processes,
    flows,
    pauses,
    ...jobs,
    subscriptions,
    subscriptionsUnknown,
    deadLetters,
    replication,
  };
  return { at: new Date(), ...found, troubles: troublesOf(found) };
};
