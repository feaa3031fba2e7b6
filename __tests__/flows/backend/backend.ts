import type { DataSource } from 'typeorm';

import { taskRef, jobNameOf } from '../../../src/flows/backend/job.ts';
import type {
  ClaimedTask,
  Delivery,
  FlowBackend,
  TaskSettled,
} from '../../../src/flows/backend/port.ts';
import { followersOf } from '../../../src/flows/execution/followers.ts';
import { type AnyFlow, planOf } from '../../../src/flows/index.ts';
import type { ClaimedJob } from '../../../src/jobs/port.ts';
import { storeOf } from '../../jobs/store/store.ts';

/** What tests do with a backend, one step at a time: claim messages, claim their tasks, end them. */
export const backendOf = (con: DataSource, backend: FlowBackend) => {
  const { store } = storeOf(con);
  const deliveries = async (flow: AnyFlow): Promise<Delivery[]> => {
    const jobs = await store.claim({
      queue: 'flows',
      limit: 100,
      worker: 'test',
      names: [jobNameOf(flow.name, flow.version)],
    });
    return jobs.map(deliveryOf);
  };
  const deliveryOf = (job: ClaimedJob): Delivery => ({
    ...taskRef.parse(job.payload),
    claim: { id: job.id, fence: job.fence },
    attempt: job.attempt,
  });
  return {
    deliveries,
    /** Takes what is due from whoever has it, as if he had not been heard of. */
    expire: async (): Promise<void> => {
      await con.query(
        `update job set lease_until = clock_timestamp() - interval '1 second' where state = 'running'`,
      );
      await store.recover();
      await store.promote();
    },
    complete: (
      flow: AnyFlow,
      tasks: readonly ClaimedTask[],
      output: unknown = null,
    ): Promise<TaskSettled[]> =>
      backend.settle(
        tasks.map((task) => ({
          ...task,
          state: 'completed',
          output: JSON.stringify(output),
        })),
        [
          ...new Map(
            tasks.map((task) => [
              `${task.run} ${task.step}`,
              followersOf(planOf(flow), task),
            ]),
          ).values(),
        ].flat(),
      ),
  };
};
