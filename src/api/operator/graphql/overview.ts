import { operatorRights } from '../../../config.ts';
import type { Overview } from '../../../observation/overview.ts';
import { mapItems } from '../../real-time/mailbox.ts';
import type { DoctorAnswer } from '../doctor.ts';
import type { OverviewService } from '../overview-service.ts';
import type { OperatorQuery, OperatorSubscription } from './fields.ts';

export interface OverviewDependencies {
  readonly overview: OverviewService;
  readonly doctor: () => Promise<DoctorAnswer>;
}

/** A backlog in the shape of the schema. */
export const shownBacklog = ({
  openStreams,
  waitingPulls,
  ...backlog
}: NonNullable<Overview['subscriptions']>[number]) => ({
  ...backlog,
  receivers: openStreams + waitingPulls,
});

/** The overview in the shape of the schema. */
const shown = ({
  times,
  series,
  subscriptions,
  flows,
  ...overview
}: Overview) => ({
  ...overview,
  flows: flows.map(({ flow, runs, tasks, ended, duration }) => ({
    flow,
    ...runs,
    tasksRunning: tasks.running,
    tasksQueued: tasks.queued,
    tasksWaiting: tasks.waiting,
    completed: ended.completed,
    median: duration?.median,
    p95: duration?.p95,
  })),
  throughput: {
    times: times.map((time) => time.getTime() / 1_000),
    series,
  },
  subscriptions: subscriptions?.map(shownBacklog),
});

export const overviewQueries = ({
  overview,
  doctor,
}: OverviewDependencies): Readonly<Record<string, OperatorQuery>> => ({
  operator: [
    'read',
    async (_, { caller }) =>
      caller.kind === 'operator' && {
        name: typeof caller.name === 'string' ? caller.name : null,
        rights: [...caller.rights],
        everyRight: operatorRights.every((right) => caller.rights.has(right)),
      },
  ],
  overview: ['read', async () => shown(await overview.current())],
  doctor: ['read', () => doctor()],
});

export const overviewSubscriptions = ({
  overview,
}: OverviewDependencies): Readonly<Record<string, OperatorSubscription>> => ({
  overview: [
    'read',
    () =>
      mapItems(overview.follow(), async (item) => ({
        overview: shown(item.overview),
      })),
  ],
});
