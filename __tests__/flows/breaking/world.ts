import { pino } from 'pino';

import { jobNameOf } from '../../../src/flows/backend/job.ts';
import type { AnyFlow } from '../../../src/flows/dsl/definition.ts';
import {
  getFlowRun,
  startAnyFlow,
  withFlows,
} from '../../../src/flows/index.ts';
import { Invocation } from '../../../src/jobs/invoke/invocation.ts';
import { testConnection } from '../../setup/use-test-database.ts';

export const logger = pino({ level: 'silent' });
/** How often a run may need to be picked up again. */
const mostRounds = 5;

/** A run, the flows that it needs, and those who carry it on. */
export interface World {
  /** Of its flows; no other run has it, so that no process knows their plans. */
  readonly version: number;
  /** The names of its jobs. */
  readonly jobs: readonly string[];
  readonly flows: readonly AnyFlow[];
  readonly id: string;
  readonly start: () => Promise<void>;
  /** Takes over what was lost, and lets be due what is. */
  readonly take: () => Promise<void>;
  /** Runs what is due until nothing is. */
  readonly work: () => Promise<void>;
}

export const sql = <Row>(
  text: string,
  values: unknown[] = [],
): Promise<Row[]> => testConnection().query<Row[]>(text, values);

/** Ten minutes: what a lost process had is taken over, what waits for its time is due. */
export const timePasses = async ({ jobs }: World): Promise<void> => {
  await sql(
    `update job set lease_until = now() - interval '1 second' where state = 'running' and name = any($1)`,
    [jobs],
  );
  await sql(
    `update job set run_at = now() where state = 'scheduled' and name = any($1)`,
    [jobs],
  );
  await sql(
    `update flow_task set due_at = now() where state = 'waiting' and due_at is not null`,
  );
};

export const worldOf = (version: number, flows: readonly AnyFlow[]): World => {
  let id = '';
  const registry = withFlows(
    { queues: { flows: {} }, declarations: {}, handlers: {} },
    flows,
  );
  const invoked = () =>
    new Invocation({ con: testConnection(), registry, logger });
  return {
    version,
    flows,
    jobs: flows.map(({ name }) => jobNameOf(name, version)),
    get id() {
      return id;
    },
    start: async () => {
      const run = await testConnection().transaction((manager) =>
        startAnyFlow(flows[0]!, null, { manager, key: `run ${version}` }),
      );
      ({ id } = run);
    },
    take: async () => {
      const { store } = invoked();
      await store.recover();
      await store.promote();
    },
    work: async () => {
      const invocation = invoked();
      invocation.add('flows', () => ({}));
      await invocation.run();
    },
  };
};

export const stateOf = async ({ id }: World): Promise<string | undefined> =>
  (await getFlowRun(testConnection().manager, id))?.state;

/** Carries a run on, with connections that hold, until it has ended. */
export const goOn = async (world: World, state: string): Promise<void> => {
  for (let round = 0; round < mostRounds; round++) {
    // What is left once it has ended are messages that nobody needs any more.
    const left = await sql('select from job where name = any($1)', [
      world.jobs,
    ]);
    if (left.length === 0 && (await stateOf(world)) === state) return;
    await timePasses(world);
    await world.take();
    await world.work();
  }
};
